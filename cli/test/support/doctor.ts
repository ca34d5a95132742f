/** Runs `gateway doctor` on a staging environment, and reads what it finds. */
import * as v from "valibot";
import { expect, test } from "vitest";
import type { FindingStatus } from "../../src/doctor/finding.ts";
import { appCredentials, openStaging, type Staging } from "./fake-wrangler-neighbours.ts";

export const DOCTOR = ["doctor", "--env", "staging"];

/** The command's JSON document. */
export const doctorReport = v.object({
  environment: v.string(),
  items: v.array(
    v.object({ check: v.string(), status: v.string(), what: v.string(), mend: v.nullable(v.string()) }),
  ),
  ok: v.number(),
  warn: v.number(),
  fail: v.number(),
});

/** What the command finds, and its exit code. */
export async function examine(
  { project }: Staging,
  env: Readonly<Record<string, string>> = appCredentials(),
) {
  const { code, stdout, stderr } = await project.run([...DOCTOR, "--output", "json"], env);
  expect(stderr).toBe("");
  const { items, ...rest } = v.parse(doctorReport, JSON.parse(stdout));
  return { code, items, ...rest };
}

/** Something wrong with an environment, and what `doctor` says about it. */
export interface Problem {
  readonly make: (staging: Staging) => unknown;
  readonly check: string;
  readonly status: FindingStatus;
  readonly what: string;
  readonly mend: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Edits the staging section of the consumer's file. */
export const editConsumer =
  (from: string | RegExp, to: string) =>
  ({ project }: Staging) =>
    project.edit("wrangler.consumer.toml", (toml) => {
      const section = toml.indexOf("[env.staging.vars]");
      return toml.slice(0, section) + toml.slice(section).replace(from, to);
    });

/** One test for each problem. */
export const testProblems = (problems: Readonly<Record<string, Problem>>): void =>
  test.each(Object.entries(problems))("reports %s, and how to fix it", async (_, problem) => {
    const staging = await openStaging();
    problem.make(staging);

    const { code, items } = await examine(staging, { ...appCredentials(), ...problem.env });

    const { check, status, what, mend } = problem;
    expect(items).toContainEqual({
      check,
      status,
      what: expect.stringContaining(what),
      mend: expect.stringContaining(mend),
    });
    expect(code).toBe(items.some((one) => one.status === "fail") ? 1 : 0);
  });

/** What `doctor` finds wrong with GitHub. */
export async function githubProblems(staging: Staging, env?: Readonly<Record<string, string>>) {
  const { items } = await examine(staging, env);
  return items.filter(({ check, status }) => /^(GitHub|hook)/.test(check) && status !== "ok");
}
