import { expect, test } from "vitest";
import { reasonToSkip } from "../../src/steps/path-filter.ts";
import type { PathFilter } from "../../src/steps/steps-file.ts";

test.each<[string, PathFilter, string[], "runs" | "is skipped"]>([
  ["a file below a folder", { paths: ["src/**"] }, ["docs/a.md", "src/a/b.ts"], "runs"],
  ["files elsewhere", { paths: ["src/**"] }, ["docs/a.md", "b.ts"], "is skipped"],
  ["a file whose name begins with a dot", { paths: ["**"] }, [".github/workflows/ci.yml"], "runs"],
  ["a file in the root", { paths: ["*.md"] }, ["a.md"], "runs"],
  ["a file of a folder, for a glob of the root", { paths: ["*.md"] }, ["docs/a.md"], "is skipped"],
  ["only ignored files", { pathsIgnore: ["docs/**", "*.md"] }, ["docs/a/b.png", "README.md"], "is skipped"],
  ["one file that is not ignored", { pathsIgnore: ["docs/**"] }, ["docs/a.md", "a.ts"], "runs"],
  [
    "an ignored file among the wanted",
    { paths: ["src/**"], pathsIgnore: ["**/*.md"] },
    ["src/a.md"],
    "is skipped",
  ],
  ["no file", { paths: ["src/**"] }, [], "runs"],
])("a change of %s %j %j %s", (_what, filter, changed, outcome) => {
  expect(reasonToSkip(filter, changed) === undefined ? "runs" : "is skipped").toBe(outcome);
});
