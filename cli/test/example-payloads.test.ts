import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exampleLines } from "../dev/example-payloads.ts";
import { EXAMPLES_FILE } from "../src/example-payloads.ts";

test("the example payloads are those of the installed version of the package", () => {
  const current = readFileSync(EXAMPLES_FILE, "utf8") === exampleLines();
  expect(current, "run `node cli/dev/example-payloads.ts`").toBe(true);
});
