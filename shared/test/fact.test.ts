import { describe, expect, test } from "vitest";
import { amount } from "../../test/support/amount.ts";
import fc from "../../test/support/fast-check.ts";
import { type CallbackFact, type DeliveryFact, FACT_VERSION, parseFact } from "../src/messages/fact.ts";

const AT = "2026-11-01T10:00:00.000Z";
const delivery: DeliveryFact = {
  v: FACT_VERSION,
  kind: "delivery",
  id: "5c3f0a7e-0000-4000-8000-000000000001",
  event: "pull_request",
  action: "opened",
  received_at: AT,
  repository: { id: 1, full_name: "octo/widgets", clone_url: "https://github.com/octo/widgets.git" },
  sender: "octocat",
  installation_id: null,
  change: {
    type: "pull_request",
    action: "opened",
    number: 12,
    url: "https://github.com/octo/widgets/pull/12",
    head_sha: "a".repeat(40),
    head_ref: "topic",
    base_sha: "b".repeat(40),
    before: null,
    draft: false,
    open: true,
    updated_at: AT,
  },
};
const callback: CallbackFact = {
  v: FACT_VERSION,
  kind: "callback",
  id: "5c3f0a7e-0000-4000-8000-000000000002",
  received_at: AT,
  id_kind: "ours",
  validation_id: "1-pr-12-a-1",
  grainchain_id: null,
  project_id: "octo/widgets",
  pr_number: 12,
  status: "completed",
  success: true,
  occurred_at: null,
  error: null,
  results: { success: true },
  results_stored: false,
};

test.each([
  ["a delivery", delivery],
  ["a delivery of no repository", { ...delivery, repository: null, change: { type: "note" } }],
  ["a callback", callback],
  ["a callback without results", { ...callback, results: undefined }],
])("reads %s", (_name, fact) => {
  expect(parseFact(structuredClone(fact))).toEqual(fact);
});

test("drops fields that it does not know", () => {
  expect(parseFact({ ...delivery, payload: "s3cret" })).toEqual(delivery);
});

describe("refuses", () => {
  test.each([
    ["an unknown version", { ...delivery, v: 3 }],
    ["no version", { ...delivery, v: undefined }],
    ["an unknown kind", { ...delivery, kind: "wish" }],
    ["an unknown change", { ...delivery, change: { type: "wish" } }],
    ["an unknown action", { ...delivery, change: { ...delivery.change, action: "labeled" } }],
    ["a missing field", { ...delivery, id: undefined }],
    ["an unknown status", { ...callback, status: "paused" }],
    ["results that are not an object", { ...callback, results: "text" }],
    ["a time in another form", { ...delivery, received_at: "2026-11-01T10:00:00Z" }],
    ["a time of the same length in another form", { ...delivery, received_at: "2026-11-01 10:00:00.000Z" }],
    ["a time with a zone of the same length", { ...delivery, received_at: "2026-11-01T10:00:00+0200" }],
    ["a number that D1 would refuse", { ...callback, pr_number: 1.5 }],
    [
      "a repository id that is not an integer",
      { ...delivery, repository: { ...delivery.repository, id: 1.5 } },
    ],
    ["null", null],
    ["text", "delivery"],
    ["a list", [delivery]],
    ["bytes", new Uint8Array([1, 2, 3])],
  ])("%s", (_name, body) => {
    expect(parseFact(body)).toBeUndefined();
  });
});

test("never throws, whatever the message", () => {
  const almost = fc
    .tuple(
      fc.constantFrom<object>(delivery, callback),
      fc.constantFrom(...Object.keys(delivery), ...Object.keys(callback)),
      fc.anything(),
    )
    .map(([fact, key, value]) => ({ ...fact, [key]: value }));
  let read = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.anything({ withBigInt: true, withMap: true, withDate: true }), almost),
      (body) => {
        const fact = parseFact(body);
        if (fact === undefined) return;
        read++;
        expect(["delivery", "callback"]).toContain(fact.kind);
      },
    ),
    { numRuns: amount(1000) },
  );
  expect(read).toBeGreaterThan(0);
});
