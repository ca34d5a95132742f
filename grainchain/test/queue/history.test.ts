import { expect, test } from "vitest";
import { History } from "../../src/queue/history.ts";
import { readRequest } from "../../src/validation/request.ts";
import { createValidation, type Validation } from "../../src/validation/validation.ts";
import { requestBody } from "../support/system.ts";

const ROOMY = { maxFinished: 100, maxAgeMs: 60_000, maxResultBytes: 1_000_000 };

function makeValidation({ output = "", keys = [] as string[] } = {}): Validation {
  const reading = readRequest(requestBody(), 1000);
  if (reading.kind === "invalid") throw new Error(reading.message);
  const validation = createValidation(reading.request, keys);
  validation.results = {
    success: true,
    sandbox_id: "s",
    completed_at: "",
    provider: "local",
    tree_sha: "",
    test_results: {
      overall_success: true,
      execution_time: 1,
      timestamp: "",
      test: { status: "passed", exit_code: 0, duration_ms: 1, output },
    },
  };
  return validation;
}

test("finds a validation by its id and by each of its keys", () => {
  const history = new History(ROOMY);
  const validation = makeValidation({ keys: ["one", "two"] });
  history.add(validation);
  expect(history.find(validation.id)).toBe(validation);
  expect(history.findByKeys(["zero", "two"])).toBe(validation);
  expect(history.findByKeys(["zero"])).toBeUndefined();
});

test("forgets the oldest finished ones beyond the limit, with their keys", () => {
  const history = new History({ ...ROOMY, maxFinished: 1 });
  const running = makeValidation({ keys: ["key-0"] });
  const first = makeValidation({ keys: ["key-1"] });
  const second = makeValidation({ keys: ["key-2"] });
  for (const each of [running, first, second]) history.add(each);
  history.finish(first);
  history.finish(second);
  expect(history.find(first.id)).toBeUndefined();
  expect(history.findByKeys(["key-1"])).toBeUndefined();
  expect(history.find(second.id)).toBe(second);
  expect(history.findByKeys(["key-0"])).toBe(running);
});

test("forgets what finished too long ago", () => {
  const history = new History({ ...ROOMY, maxAgeMs: -1 });
  const validation = makeValidation();
  history.add(validation);
  expect(history.find(validation.id)).toBe(validation);
  history.finish(validation);
  expect(history.find(validation.id)).toBeUndefined();
});

test("drops the output of old results if they take too much memory", () => {
  const history = new History({ ...ROOMY, maxResultBytes: 1500 });
  const first = makeValidation({ output: "x".repeat(1000) });
  const second = makeValidation({ output: "y".repeat(1000) });
  for (const each of [first, second]) {
    history.add(each);
    history.finish(each);
  }
  expect(first.results).toMatchObject({
    test_results: { overall_success: true, test: { output: "", exit_code: 0 } },
  });
  expect(second.results).toMatchObject({ test_results: { test: { output: "y".repeat(1000) } } });
});
