import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { EXAMPLES_FILE } from "../../../cli/src/input/example-payloads.ts";
import { exampleLines } from "../../release/example-payloads.ts";

test("the example payloads are those of the installed version of the package", () => {
  const current = readFileSync(EXAMPLES_FILE, "utf8") === exampleLines();
  expect(current, "run `node tools/release/example-payloads.ts`").toBe(true);
});
