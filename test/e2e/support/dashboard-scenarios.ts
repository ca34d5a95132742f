import type { Scenario } from "../../grainchain/run.ts";
import { HOSTILE } from "./dashboard-rows.ts";

/** Prints as much as a real run, in color, and fails. */
export const printsLongOutput: Scenario = async (run) => {
  const passed = {
    status: "passed",
    exit_code: 0,
    duration_ms: 820,
    output: "\u001b[32m✓\u001b[0m 3 files\n",
  };
  const failed = { status: "failed", exit_code: 1, duration_ms: 14_210, output: FAILURE };
  if (run.move("running")) await run.callBack();
  const test_results = { overall_success: false, lint: passed, test: failed };
  if (run.move("completed", { success: false, test_results })) await run.callBack();
};

const FAILURE = `> widgets@2.1.0 test
> vitest run

 ✓ src/gear.test.ts (14 tests) 212ms
 ✗ src/cog.test.ts (9 tests | 1 failed) 1804ms
   → expected 12 teeth, counted 11

AssertionError: expected 11 to be 12
    at src/cog.test.ts:41:28
${HOSTILE}
`;
