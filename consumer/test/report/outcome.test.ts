import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import type { ReportOutcome } from "@webhook-gateway/shared/store/write/mutation.ts";
import { describe, expect, test } from "vitest";
import { limitsOf } from "../../src/github/limit.ts";
import { attemptedOf, callOutcomeOf, settleReport } from "../../src/report/outcome.ts";
import type { Result, SentReport } from "../../src/report/send.ts";
import { due, WANTED_AT } from "./due.ts";

const NOW = Date.parse(WANTED_AT) + 60_000;
const DAY = 24 * 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();

const POSTED: Result = { class: "posted", externalId: "42", limitedUntilMs: undefined };
const FOUND: Result = { class: "found", externalId: "42" };
const LIMITED: Result = { class: "limited", error: "HTTP 403", limitedUntilMs: NOW + 30_000 };
const AWAY: Result = { class: "retryable", error: "HTTP 502" };
const REFUSED: Result = { class: "credentials", error: "HTTP 401" };

const sent = (
  result: Result,
  fields: Partial<DueReport> = {},
  sending: SentReport["sending"] = { credential: { kind: "installation", id: 5 }, creates: true },
): SentReport => ({ report: due(fields), result, hash: "hash", sending });

const settle = (result: Result, fields: Partial<DueReport> = {}, nowMs = NOW) =>
  settleReport(sent(result, fields), "lease", nowMs, 0);

describe("settles", () => {
  test.each<[string, Result, Partial<DueReport>, Partial<ReportOutcome>]>([
    [
      "what was posted",
      POSTED,
      { claims: 2 },
      { status: "posted", uncertain: false, posted: { hash: "hash", external_id: "42", number: 1 } },
    ],
    [
      "what was there already as if it was posted",
      FOUND,
      { claims: 2 },
      {
        status: "posted",
        uncertain: false,
        posted: { hash: "hash", external_id: "42", number: 1 },
        reason: "GitHub had it already",
      },
    ],
    ["what shows the same", { class: "unchanged" }, {}, { status: "posted", posted: null }],
    [
      "what is skipped",
      { class: "skipped", reason: "why" },
      {},
      { status: "skipped", reason: "why", posted: null },
    ],
    [
      "what the budget refused",
      { refusedUntilMs: NOW + 7000 },
      { attempts: 3 },
      { status: "due", attempts: 3, due_at: WANTED_AT, uncertain: false, installation_id: 5 },
    ],
    [
      "a limit",
      LIMITED,
      { attempts: 3 },
      { status: "due", attempts: 3, due_at: WANTED_AT, error: "HTTP 403" },
    ],
    [
      "refused credentials",
      REFUSED,
      { attempts: 3 },
      { status: "due", attempts: 3, due_at: iso(NOW + 10_000) },
    ],
    ["a first failure", AWAY, {}, { status: "due", attempts: 1, due_at: iso(NOW + 5000), uncertain: true }],
    ["a third failure", AWAY, { attempts: 2 }, { status: "due", attempts: 3, due_at: iso(NOW + 20_000) }],
    ["a late failure", AWAY, { attempts: 40 }, { status: "due", attempts: 41, due_at: iso(NOW + 900_000) }],
    [
      "what it lacks the right for",
      { class: "permission", error: "no" },
      {},
      { status: "dead", attempts: 1, error: "no" },
    ],
    ["what is not there", { class: "missing", error: "no" }, {}, { status: "dead", attempts: 1 }],
    ["what is refused for good", { class: "permanent", error: "no" }, {}, { status: "dead", attempts: 1 }],
  ])("%s", (_, result, fields, outcome) => {
    const settled = settle(result, fields);
    expect(settled.outcome).toMatchObject({
      ...outcome,
      validation_id: "7-pr-1-abc-1",
      lease_id: "lease",
      state: "queued",
    });
    expect(settled.deadLetter !== undefined).toBe(outcome.status === "dead");
  });

  test.each<[string, Result]>([
    ["refused", { refusedUntilMs: NOW + 1 }],
    ["limited", LIMITED],
    ["refused the credentials", REFUSED],
    ["failed", AWAY],
  ])("keeps in mind what may have been posted where the next attempt was %s", (_, result) => {
    expect(settle(result, { claims: 2 }).outcome.uncertain).toBe(true);
  });

  test("a failure of the eighth attempt as a death once the report is a day old", () => {
    expect(settle(AWAY, { attempts: 7 }, NOW - 60_000 + DAY - 1).outcome.status).toBe("due");
    expect(settle(AWAY, { attempts: 6 }, NOW + DAY).outcome.status).toBe("due");
    const { outcome, deadLetter } = settle(AWAY, { attempts: 7 }, NOW + DAY);
    expect(outcome).toMatchObject({ status: "dead", attempts: 8 });
    expect(deadLetter).toEqual({
      id: "report-7-pr-1-abc-1",
      kind: "report",
      class: "retryable",
      error: "HTTP 502",
      attempts: 8,
      first_at: WANTED_AT,
      repository: "acme/widgets",
      delivery_id: null,
      validation_id: "7-pr-1-abc-1",
      body: null,
    });
  });
});

describe("tells the gate", () => {
  test.each<
    [string, Result[], { served: boolean; closing: string | undefined; unavailable: string | undefined }]
  >([
    ["a post", [POSTED], { served: true, closing: undefined, unavailable: undefined }],
    ["what GitHub had", [FOUND], { served: true, closing: undefined, unavailable: undefined }],
    [
      "a refusal for good",
      [{ class: "permanent", error: "no" }],
      { served: true, closing: undefined, unavailable: undefined },
    ],
    ["a limit", [LIMITED], { served: true, closing: undefined, unavailable: undefined }],
    ["refused credentials", [REFUSED, AWAY], { served: false, closing: "HTTP 401", unavailable: "HTTP 502" }],
    ["an absence", [AWAY, AWAY], { served: false, closing: undefined, unavailable: "HTTP 502" }],
    ["a failure among posts", [AWAY, POSTED], { served: true, closing: undefined, unavailable: undefined }],
    [
      "nothing of GitHub",
      [{ class: "skipped", reason: "x" }, { class: "unchanged" }, { refusedUntilMs: NOW }],
      { served: false, closing: undefined, unavailable: undefined },
    ],
    ["of nothing", [], { served: false, closing: undefined, unavailable: undefined }],
  ])("%s", (_, results, expected) => {
    const { served, closing, unavailable } = callOutcomeOf(results.map((result) => sent(result)));
    expect({ served, closing: closing?.error, unavailable: unavailable?.error }).toEqual(expected);
  });
});

describe("holds back", () => {
  const END = { state: "completed", conclusion: "success", priority: 0 } as const;
  const token = { credential: { kind: "token" }, creates: true } as const;
  const changes = { credential: { kind: "installation", id: 5 }, creates: false } as const;
  const of5 = { credential: "installation:5", minor: false, creates: false };

  test.each<[string, SentReport[], object[]]>([
    [
      "everything of an installation that is limited",
      [sent(LIMITED)],
      [{ ...of5, until: iso(NOW + 30_000) }],
    ],
    [
      "everything of a token that is limited",
      [sent(LIMITED, {}, token)],
      [{ ...of5, credential: "token", until: iso(NOW + 30_000) }],
    ],
    [
      "everything after the last request that GitHub takes",
      [sent({ ...POSTED, limitedUntilMs: NOW + 9 } as Result)],
      [{ ...of5, until: iso(NOW + 9) }],
    ],
    [
      "beginnings that create if one was refused",
      [sent({ refusedUntilMs: NOW })],
      [{ ...of5, minor: true, creates: true, until: iso(NOW) }],
    ],
    [
      "ends that create if one was refused",
      [sent({ refusedUntilMs: NOW }, END)],
      [{ ...of5, creates: true, until: iso(NOW) }],
    ],
    [
      "all ends if a change was refused",
      [sent({ refusedUntilMs: NOW }, END, changes)],
      [{ ...of5, until: iso(NOW) }],
    ],
    [
      "all ends if one that was to be changed would have been created",
      [sent({ refusedUntilMs: NOW }, { ...END, creates: false })],
      [{ ...of5, until: iso(NOW) }],
    ],
    [
      "with a token, what was changed by an App before",
      [sent({ refusedUntilMs: NOW }, { ...END, creates: false }, token)],
      [{ ...of5, credential: "token", creates: true, until: iso(NOW) }],
    ],
    [
      "as long as the longest asks for",
      [sent({ refusedUntilMs: NOW + 5 }), sent({ refusedUntilMs: NOW + 9 }), sent({ refusedUntilMs: NOW })],
      [{ ...of5, minor: true, creates: true, until: iso(NOW + 9) }],
    ],
    [
      "what has an installation that nobody could ask for",
      [sent(LIMITED, {}, null), sent({ refusedUntilMs: NOW }, END, null)],
      [{ ...of5, credential: "app", until: iso(NOW + 30_000) }],
    ],
    ["nothing if all went well", [sent(POSTED), sent(AWAY), sent(FOUND), sent(AWAY, {}, null)], []],
  ])("%s", (_, all, expected) => {
    expect(limitsOf(attemptedOf(all))).toEqual(expected);
  });
});
