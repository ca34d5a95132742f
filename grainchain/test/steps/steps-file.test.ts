import { describe, expect, test } from "vitest";
import { parseStepsFile } from "../../src/steps/steps-file.ts";

function messageOf(text: string): string {
  const plan = parseStepsFile(text);
  return plan.kind === "invalid" ? plan.message : "valid";
}

const step = (fields: string) => `steps:\n  - name: ok\n    run: "true"\n  - ${fields}`;

describe("parseStepsFile", () => {
  test("reads steps in order, with limits in milliseconds", () => {
    const text =
      'version: 1\nsteps:\n  - name: "  lint "\n    run: npm run lint\n  - {name: test, run: npm test, timeout: 1.5}\n';
    expect(parseStepsFile(text)).toEqual({
      kind: "file",
      filter: {},
      steps: [
        { name: "lint", run: "npm run lint" },
        { name: "test", run: "npm test", timeoutMs: 1500 },
      ],
    });
  });

  test("reads what a change must touch, and which steps have a network", () => {
    const text =
      "paths: [src/**]\npaths_ignore: ['*.md']\nsteps: [{name: a, run: b, network: true}, {name: c, run: d, network: false}]\n";
    expect(parseStepsFile(text)).toEqual({
      kind: "file",
      filter: { paths: ["src/**"], pathsIgnore: ["*.md"] },
      steps: [
        { name: "a", run: "b", network: true },
        { name: "c", run: "d" },
      ],
    });
  });

  test.each(["", "# nothing\n", "provider: e2b\ntimeout: 300\n"])(
    "takes %j, without steps, for another program's",
    (text) => {
      expect(parseStepsFile(text)).toEqual({ kind: "file", filter: {} });
    },
  );

  test("keeps multi-line commands unchanged", () => {
    expect(parseStepsFile("steps:\n  - name: a\n    run: |\n      one\n      two\n")).toEqual({
      kind: "file",
      filter: {},
      steps: [{ name: "a", run: "one\ntwo\n" }],
    });
  });

  test.each([
    ["a syntax error", "steps:\n  - name: [a\n", /^\.grainchain\.yml, line \d+: /],
    ["a duplicate key", "steps: []\nsteps: []\n", /^\.grainchain\.yml, line 2: .*unique/],
    ["text at the top", "a\n", /line 1: must be a mapping/],
    ["a list at the top", "- a\n", /line 1: must be a mapping/],
    [
      "a network that is text",
      step("name: x\n    run: y\n    network: sure"),
      /line 6: steps\[1\]\.network must be true or false/,
    ],
    ["paths that are text", "paths: docs\n", /line 1: paths must be a list/],
    ["no path in a list", "a: 1\npaths_ignore: []\n", /line 2: paths_ignore must have at least one glob/],
    ["a path that is a number", "paths: [a, 1]\n", /line 1: paths\[1\] must be text/],
    ["steps that are not a list", "a: 1\nsteps: x\n", /line 2: steps must be a list/],
    ["an empty list", "a: 1\nsteps: []\n", /line 2: steps must have at least one step/],
    ["a step that is text", step("just text"), /line 4: steps\[1\] must be a mapping with `name` and `run`/],
    ["a step without a name", step("run: x"), /line 4: steps\[1\]\.name is missing/],
    ["a step without a command", step("name: x"), /line 4: steps\[1\]\.run is missing/],
    [
      "an unknown key",
      step("name: x\n    run: y\n    tiemout: 3"),
      /line 6: steps\[1\]\.tiemout is not a key/,
    ],
    ["a number as a name", step("name: 12\n    run: y"), /line 4: steps\[1\]\.name must be text/],
    ["an empty name", step('name: "  "\n    run: y'), /line 4: steps\[1\]\.name must not be empty/],
    ["a long name", step(`name: ${"x".repeat(65)}\n    run: y`), /name must have at most 64 characters/],
    [
      "a name with a line break",
      step('name: "a\\nb"\n    run: y'),
      /name must not contain control characters/,
    ],
    ["an empty command", step('name: x\n    run: " "'), /line 5: steps\[1\]\.run must not be empty/],
    ["a NUL in a command", step('name: x\n    run: "a\\0b"'), /run must not contain NUL/],
    [
      "a limit of nothing",
      step("name: x\n    run: y\n    timeout: 0"),
      /line 6: .*timeout must be more than 0/,
    ],
    [
      "a limit in words",
      step("name: x\n    run: y\n    timeout: 5m"),
      /line 6: .*timeout must be a number of seconds/,
    ],
    ["an endless limit", step("name: x\n    run: y\n    timeout: .inf"), /timeout must be at most/],
    [
      "a name used twice",
      step("name: ok\n    run: y"),
      /line 4: steps\[1\]\.name is already the name of an earlier step/,
    ],
    ["too many documents", "steps: []\n---\nsteps: []\n", /documents/],
  ])("names the line of %s", (_what, text, message) => {
    expect(messageOf(text)).toMatch(message);
  });

  test.each(["overall_success", "execution_time", "timestamp", "__proto__", "constructor"])(
    "refuses %s as a step's name",
    (name) => {
      expect(messageOf(step(`name: ${name}\n    run: y`))).toMatch(
        /line 4: steps\[1\]\.name is a reserved name/,
      );
    },
  );

  test("limits the number of steps", () => {
    const list = (count: number) =>
      `steps:\n${Array.from({ length: count }, (_, i) => `  - {name: s${i}, run: x}`).join("\n")}\n`;
    expect(messageOf(list(50))).toBe("valid");
    expect(messageOf(list(51))).toMatch(/steps must have at most 50 steps/);
  });
});

describe("anchors", () => {
  test("are shared across steps, by aliases and by merge keys", () => {
    const text = `
.defaults: &defaults
  timeout: 60
.install: &install npm ci
steps:
  - &lint
    <<: *defaults
    name: lint
    run: npm run lint
  - <<: *defaults
    name: install
    run: *install
    timeout: 300
  - <<: [*lint, *defaults]
    name: lint again
  - { <<: { timeout: 5 }, name: test, run: npm test }
`;
    expect(parseStepsFile(text)).toEqual({
      kind: "file",
      filter: {},
      steps: [
        { name: "lint", run: "npm run lint", timeoutMs: 60_000 },
        { name: "install", run: "npm ci", timeoutMs: 300_000 },
        { name: "lint again", run: "npm run lint", timeoutMs: 60_000 },
        { name: "test", run: "npm test", timeoutMs: 5000 },
      ],
    });
  });

  test("work for the maximum number of steps", () => {
    const steps = Array.from({ length: 50 }, (_, i) => `  - {<<: *both, name: s${i}, run: *run}`);
    const text = ["a: &a {timeout: 5}", "b: &both {<<: *a}", "r: &run x", "steps:", ...steps].join("\n");
    expect(messageOf(text)).toBe("valid");
  });

  test.each([
    ["a merge of text", step("<<: text\n    name: x"), /Merge sources must be maps/],
    [
      "a merge of an unknown anchor",
      step("<<: *nowhere\n    name: x"),
      /line 4: the alias \*nowhere has no anchor before it/,
    ],
    ["an alias of an unknown anchor", step("name: x\n    run: *nowhere"), /line 5: the alias \*nowhere/],
    [
      "a mistake in what is merged",
      `a: &a {timeout: 0}\n${step("<<: *a\n    name: x\n    run: y")}`,
      /line 5: steps\[1\]\.timeout must be more than 0/,
    ],
    [
      "a key that no step has",
      `a: &a {shell: bash}\n${step("<<: *a\n    name: x\n    run: y")}`,
      /line 5: steps\[1\]\.shell is not a key/,
    ],
    [
      "a name that two steps merge",
      "a: &a {name: x, run: y}\nsteps:\n  - <<: *a\n  - <<: *a\n",
      /line 4: steps\[1\]\.name is already the name of an earlier step/,
    ],
    [
      "an alias inside its own anchor",
      "steps: &a\n  - <<: *a\n    name: x\n",
      /line 2: the alias \*a is inside its own anchor/,
    ],
  ])("are reported with the line of %s", (_what, text, message) => {
    expect(messageOf(text)).toMatch(message);
  });

  const bomb = (first: string, level: (alias: string) => string, last: string) =>
    [
      `a0: &a0 ${first}`,
      ...Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} ${level(`*a${i}`)}`),
      last,
    ].join("\n");
  const nine = (alias: string) => Array(9).fill(alias).join(",");
  const wide = Array.from({ length: 2000 }, (_, i) => `k${i}: 1`).join(", ");
  test.each([
    ["by aliases", bomb("[x,x,x,x,x,x,x,x,x]", (alias) => `[${nine(alias)}]`, "steps: *a8")],
    ["by merges", bomb("{x: 1}", (alias) => `{<<: [${nine(alias)}]}`, "steps: [{<<: *a8}]")],
    [
      "by merges of much",
      [`a: &a {${wide}}`, ...Array.from({ length: 40 }, (_, i) => `b${i}: {<<: *a}`)].join("\n"),
    ],
    [
      "by their number",
      ["a: &a x", ...Array.from({ length: 250 }, (_, i) => `b${i}: *a`), "steps: []"].join("\n"),
    ],
  ])("that multiply %s are refused before they are followed", (_what, text) => {
    expect(messageOf(text)).toMatch(/line \d+: aliases would make this file too large/);
  });
});
