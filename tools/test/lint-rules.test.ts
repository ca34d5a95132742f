/** Each rule that holds the structure of the code fires, and nothing else does. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";

/** A file, and a part of what the linter says about it; nothing if it is fine. */
const FILES: readonly (readonly [file: string, text: string, said: string])[] = [
  ["producer/src/one.ts", 'export * from "../../consumer/src/x.ts";', "The producer imports only shared/"],
  ["consumer/src/one.ts", 'export * from "../../producer/src/x.ts";', "The consumer imports only shared/"],
  ["shared/src/one.ts", 'export * from "../../cli/src/x.ts";', "shared/ imports no other folder"],
  ["cli/src/one.ts", 'export * from "../../consumer/src/x.ts";', "cli/ uses HTTP"],
  ["grainchain/src/one.ts", 'export * from "../../cli/src/x.ts";', "grainchain/ uses HTTP"],
  ["consumer/src/two.ts", 'export * from "@webhook-gateway/shared/domain/gate.ts";', ""],
  ["consumer/src/three.ts", 'export const f = (db) => db.prepare("SELECT 1");', "shared/src/store alone"],
  ["producer/src/three.ts", 'export const f = (db) => db.prepare("SELECT 1");', "shared/src/store alone"],
  ["shared/src/three.ts", 'export const f = (db) => db.prepare("SELECT 1");', "shared/src/store alone"],
  ["shared/src/store/one.ts", 'export const f = (db) => db.prepare("SELECT 1");', ""],
  ["consumer/src/four.ts", "export const f = (message) => message.ack();", "settle.ts alone"],
  ["consumer/src/five.ts", "export const f = (message) => message.retry({});", "settle.ts alone"],
  ["consumer/src/six.ts", "export const f = (batch) => batch.retryAll();", "settle.ts alone"],
  ["consumer/src/record/settle.ts", "export const f = (message) => message.ack();", ""],
  ["consumer/src/decide/one.ts", 'export * from "../dispatch/trigger.ts";', "Decisions are pure"],
  ["consumer/src/decide/two.ts", 'export * from "./run.ts";', ""],
  ["shared/src/egg.ts", 'import type { Hen } from "./hen.ts";\nexport type Egg = Hen[];', "part of a cycle"],
  [
    "shared/src/hen.ts",
    'import type { Egg } from "./egg.ts";\nexport type Hen = { egg: Egg };',
    "part of a cycle",
  ],
];

const Report = v.object({
  diagnostics: v.array(v.object({ message: v.string(), location: v.object({ path: v.string() }) })),
});

const dir = mkdtempSync(path.join(tmpdir(), "webhook-gateway-lint-"));
let report: v.InferOutput<typeof Report>["diagnostics"] = [];

beforeAll(() => {
  for (const name of ["biome.json", "tools/check/lint"]) {
    cpSync(path.join(ROOT, name), path.join(dir, name), { recursive: true });
  }
  for (const [file, text] of FILES) {
    mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
    writeFileSync(path.join(dir, file), `${text}\n`);
  }
  const biome = path.join(ROOT, "node_modules/.bin/biome");
  const args = [
    "lint",
    "--vcs-enabled=false",
    "--reporter=json",
    "--max-diagnostics=none",
    ...FILES.map(([file]) => file),
  ];
  const { stdout } = spawnSync(biome, args, {
    cwd: dir,
    env: localEnvironment(process.env),
    encoding: "utf8",
  });
  report = v.parse(Report, JSON.parse(stdout)).diagnostics;
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each(FILES)("%s with %j: %s", (file, _, said) => {
  const messages = report.flatMap(({ message, location }) => (location.path === file ? [message] : []));

  expect(messages).toEqual(said === "" ? [] : [expect.stringContaining(said)]);
});
