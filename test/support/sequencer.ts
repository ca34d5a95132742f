/**
 * The order of test files: those that take longest first, so that none of them is left running alone at the end. Files
 * of a project that share a process stay together, or each would start one anew.
 */
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** A minute each, most of it waiting. */
const SLOWEST = ["test/faults/dispatch.test.ts", "test/e2e/start.test.ts"];
/** It takes one worker as long as the rest of the last projects takes the others. */
const FIRST_OF_PROJECT = "producer/test/operator-api/lists/reads.test.ts";
/** Programs with all that they start, then the Workers, then what takes milliseconds. */
const PROJECTS = ["e2e", "faults", "cli", "consumer", "grainchain", "producer", "shared"];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

const placeOf = ({ moduleId, project }: TestSpecification): number =>
  SLOWEST.some((name) => moduleId.endsWith(name))
    ? -1
    : PROJECTS.indexOf(project.name) - (moduleId.endsWith(FIRST_OF_PROJECT) ? 0.5 : 0);
