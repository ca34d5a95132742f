/** What stands beside the code for maintainers: workflows, templates, and the settings of bots and editors. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { VERSION } from "@webhook-gateway/shared/version.ts";
import * as v from "valibot";
import { expect, test } from "vitest";
import { parse } from "yaml";

const readText = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

const step = v.looseObject({ uses: v.optional(v.string()), run: v.optional(v.string()) });
const job = v.looseObject({
  "timeout-minutes": v.optional(v.number()),
  uses: v.optional(v.string()),
  steps: v.optional(v.array(step), []),
});
const workflow = v.looseObject({
  name: v.string(),
  permissions: v.record(v.string(), v.string()),
  concurrency: v.looseObject({ group: v.string() }),
  jobs: v.record(v.string(), job),
});
const manifest = v.looseObject({
  version: v.string(),
  scripts: v.record(v.string(), v.string()),
  dependencies: v.record(v.string(), v.string()),
  devDependencies: v.record(v.string(), v.string()),
});

const { scripts, version, dependencies, devDependencies } = v.parse(
  manifest,
  JSON.parse(readText("package.json")),
);
const WORKFLOWS = globSync(".github/workflows/*.yml", { cwd: ROOT }).toSorted();
const readWorkflow = (file: string) => v.parse(workflow, parse(readText(file)));
const stepsOf = (file: string) => Object.values(readWorkflow(file).jobs).flatMap(({ steps }) => steps);

test("the workflows are CI, nightly and release", () => {
  expect(WORKFLOWS.map((file) => readWorkflow(file).name)).toEqual(["CI", "Nightly", "Release"]);
});

test.each(WORKFLOWS)("%s runs scripts that exist", (file) => {
  const commands = stepsOf(file).flatMap(({ run = "" }) => [
    ...run.matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g),
  ]);

  expect(commands.length + stepsOf(file).filter(({ run }) => run === "bash .ci/run").length).toBeGreaterThan(
    0,
  );
  for (const [, name = ""] of commands) expect(scripts, name).toHaveProperty([name]);
});

test.each(WORKFLOWS)("%s has read-only permissions, unless a job needs more, and a time limit", (file) => {
  const { permissions, jobs } = readWorkflow(file);

  expect(permissions).toEqual({ contents: "read" });
  for (const [name, { "timeout-minutes": minutes, uses }] of Object.entries(jobs))
    expect(minutes ?? (uses?.startsWith("./") ? 0 : undefined), name).toBeTypeOf("number");
});

test.each(WORKFLOWS)("%s pins actions to commits, and names their versions", (file) => {
  const lines = readText(file).match(/^.*\buses: (?!\.\/).*$/gm) ?? [];
  expect(lines).not.toEqual([]);
  for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test("the CI of the workflow is that of .ci/run, which runs the documented command", () => {
  expect(stepsOf(".github/workflows/ci.yml").map(({ run }) => run)).toContain("bash .ci/run");
  expect(readText(".ci/run").trimEnd().split("\n").at(-1)).toBe("npm test");
});

const form = v.looseObject({
  name: v.string(),
  description: v.string(),
  body: v.array(
    v.looseObject({ type: v.string(), attributes: v.looseObject({}), id: v.optional(v.string()) }),
  ),
});

test.each([
  ["bug", ["version", "logs", "trace"]],
  ["feature", ["problem", "proposal"]],
])("the form for a %s asks for %j", (name, ids) => {
  const { body } = v.parse(form, parse(readText(`.github/ISSUE_TEMPLATE/${name}.yml`)));
  expect(body.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
});

test("every path that has owners exists", () => {
  const paths = readText(".github/CODEOWNERS")
    .split("\n")
    .filter((line) => line.startsWith("/"))
    .map((line) => line.split(" ")[0]?.slice(1) ?? "");
  expect(paths).not.toEqual([]);
  expect(paths.filter((pattern) => globSync(pattern, { cwd: ROOT }).length === 0)).toEqual([]);
});

const renovate = v.looseObject({
  minimumReleaseAge: v.literal("7 days"),
  packageRules: v.array(v.looseObject({ matchPackageNames: v.optional(v.array(v.string()), []) })),
});

test("Renovate waits a week, and moves Wrangler with what has to move with it", () => {
  const { packageRules } = v.parse(renovate, JSON.parse(readText("renovate.json")));
  const [rule] = packageRules.filter(({ matchPackageNames }) => matchPackageNames.includes("wrangler"));

  const aliased = Object.values(devDependencies).flatMap((range) => /^npm:(.+)@/.exec(range)?.[1] ?? []);
  const workspace: { overrides: Record<string, string> } = parse(readText("pnpm-workspace.yaml"));
  const overridden = Object.keys(workspace.overrides)
    .filter((key) => key.startsWith("@cloudflare/vitest-plugin>"))
    .map((key) => key.replace(/^.*>/, ""));
  expect(rule?.matchPackageNames).toEqual(expect.arrayContaining([...aliased, ...overridden]));
  expect(workspace.overrides["@cloudflare/vitest-plugin>wrangler"]).toBe(dependencies.wrangler);
});

test("development and tests have one Wrangler, one Miniflare and one workerd", () => {
  const { packages }: { packages: Record<string, unknown> } = parse(readText("pnpm-lock.yaml"));
  for (const name of ["wrangler", "miniflare", "workerd"])
    expect(Object.keys(packages).filter((key) => key.startsWith(`${name}@`))).toHaveLength(1);
});

test("the Workers show the version of package.json, which changesets update", () => {
  expect(VERSION).toBe(version);
  const config = JSON.parse(readText(".changeset/config.json"));
  expect(config).toMatchObject({ baseBranch: "main", privatePackages: { version: true } });
});

test("editors indent and end lines the way Biome does", () => {
  const { formatter } = JSON.parse(readText("biome.json"));
  const settings = readText(".editorconfig");
  expect(settings).toContain(
    `indent_style = ${formatter.indentStyle}\nindent_size = ${formatter.indentWidth}\n`,
  );
  expect(settings).toContain(`max_line_length = ${formatter.lineWidth}\n`);
});

test("each decision has a number of its own, and its heading has it too", () => {
  const files = globSync("docs/decisions/*.md", { cwd: ROOT }).toSorted();
  const numbers = files.map((file) => Number(path.basename(file).slice(0, 4)));

  expect(numbers).toEqual(files.map((_, index) => index + 1));
  for (const [index, file] of files.entries())
    expect(readText(file)).toMatch(new RegExp(`^# ${index + 1}\\. `));
});
