/** Nothing that a test starts escapes the platform's limits (test/platform): a raw binding has none of them. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";

/** What starts an invocation, or makes what performs one. */
const STARTS = /\bworker\.(?:queue|scheduled)\(|\b(?:createConsumer|createApp|effectDeps)\(\{/;
const LIMITED = /from "[^"]*\/(?:platform\/invocations?|handlers\/support)\.ts"/;

const FILES = globSync("{consumer,producer}/test/**/*.ts", { cwd: ROOT });
const textOf = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

test("what starts a consumer or an app in a test does so within the platform's limits", () => {
  const starting = FILES.filter((file) => STARTS.test(textOf(file)));
  expect(starting.length).toBeGreaterThan(2);
  expect(starting.filter((file) => !LIMITED.test(textOf(file)))).toEqual([]);
});

test.each(["consumer", "producer"])("the database of the %s's tests has D1's limits", (worker) => {
  const [setup, database] = ["setup", "support/database"].map((name) => textOf(`${worker}/test/${name}.ts`));
  expect(setup).toContain("migrate()");
  expect(database).toContain('defineProperty(env, "DB", { value: startInvocation(EACH_ALONE)');
});
