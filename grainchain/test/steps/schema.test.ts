import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseStepsFile } from "../../src/steps/steps-file.ts";

const schema = JSON.parse(readFileSync(join(ROOT, "docs/grainchain.schema.json"), "utf8"));
const isValid = new Ajv2020({ strict: true }).compile(schema);

test.each([
  "{}",
  "provider: e2b",
  "steps: [{name: a, run: b}]",
  "steps: [{name: a, run: b, timeout: 0.5, network: true}]",
  "paths: [a/**]\npaths_ignore: ['*.md']",
  "steps: []",
  "steps: [{name: a}]",
  "steps: [{name: a, run: b, tiemout: 3}]",
  "steps: [{name: a, run: b, timeout: 0}]",
  "steps: [{name: a, run: b, timeout: 86401}]",
  "steps: [{name: a, run: b, network: yes please}]",
  "paths: docs",
  "paths: []",
  "paths_ignore: [1]",
  "[]",
])("the schema for editors and the server agree about %j", (text) => {
  expect(isValid(parse(text))).toBe(parseStepsFile(text).kind === "file");
});

test("the example in the documentation is valid", () => {
  const docs = readFileSync(join(ROOT, "docs/grainchain-api.md"), "utf8");
  const example = /```yaml\n(.*?)```/s.exec(docs)?.[1] ?? "";
  expect(parseStepsFile(example)).toMatchObject({
    kind: "file",
    steps: [{ network: true }, { timeoutMs: 300_000 }],
  });
});
