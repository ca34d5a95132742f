import { expect, test } from "vitest";
import {
  answers,
  decides,
  type FaultPolicy,
  hasNoBatch,
  type ItemDecision,
  refusesWholeBatchWith,
  serves,
} from "../../grainchain/fault-policies.ts";
import type { TriggerRequest } from "../../grainchain/trigger-request.ts";
import { amount } from "../../support/amount.ts";
import { freshRepository, PAST } from "../../system/driver.ts";
import { shared } from "./gateway.ts";

/** The sizes of the triggers since a call, largest first: two consumers that run at once may overtake each other. */
function sizesSince(first: number): number[] {
  return shared()
    .grainchain.triggerCalls()
    .slice(first)
    .map(({ requests }) => requests.length)
    .toSorted((a, b) => b - a);
}

const WAITING = amount(210, 1_010);

test(`sends ${WAITING} waiting pull requests to Grainchain in calls of a hundred`, async () => {
  const { grainchain, open, closeGate, openGate, settle, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  await closeGate();
  await open(repo, WAITING);
  const before = grainchain.triggerCalls().length;

  await openGate();
  await settle();

  expect(sizesSince(before)).toEqual([...Array(Math.floor(WAITING / 100)).fill(100), WAITING % 100]);
  const rows = await validationsOf(repo);
  expect(rows).toHaveLength(WAITING);
  expect(rows.filter(({ state, attempts }) => state !== "completed" || attempts !== 1)).toEqual([]);
  await expectConsistent();
});

test("sends a repository's only pull request with the next call, whatever waits before it", async () => {
  const { gateway, grainchain, open, closeGate, openGate, settle, expectConsistent } = shared();
  const [busy, quiet] = [freshRepository(), freshRepository()];
  await closeGate();
  await open(busy, 200);
  const before = grainchain.triggerCalls().length;
  const { promise: released, resolve: answer } = Promise.withResolvers<void>();
  grainchain.script.next.push(async (_call, serve) => {
    await released;
    return serve();
  });
  const opened = openGate();

  // It arrives while the first hundred are being triggered.
  await open(quiet, 1);
  answer();
  await opened;
  await settle();

  expect(sizesSince(before)).toEqual([100, 100, 1]);
  // A wake-up may have claimed a second hundred before it arrived; none was claimed between then and its own claim.
  expect(await gateway.rows(CLAIMED_BEFORE, busy, quiet)).toEqual([]);
  await expectConsistent();
});

const CLAIMED_BEFORE = `
  SELECT busy.id FROM validations busy, validations quiet WHERE busy.repository = ?1 AND quiet.repository = ?2
    AND busy.dispatched_at > quiet.created_at AND busy.dispatched_at < quiet.dispatched_at`;

const isSeven = (request: TriggerRequest): boolean => request.pr_number === 7;
const WORDS = "pr_number 7 is not liked here";
const refused = (permanent: boolean): ItemDecision => ({ refused: WORDS, permanent });

test.each<[string, FaultPolicy, RegExp]>([
  ["its whole batch", refusesWholeBatchWith(isSeven, WORDS), /^HTTP 422: pr_number 7 is not liked here$/],
  [
    "it alone",
    decides((request) => (isSeven(request) ? refused(true) : "accept")),
    /^pr_number 7 is not liked here$/,
  ],
])("runs 99 of a hundred if Grainchain refuses %s permanently", async (_, policy, error) => {
  const { gateway, grainchain, open, closeGate, openGate, settle, validationsOf, expectConsistent } =
    shared();
  const repo = freshRepository();
  await closeGate();
  await open(repo, 100);
  grainchain.script.policy = policy;
  const before = grainchain.triggerCalls().length;

  await openGate();
  await settle();

  const rows = await validationsOf(repo);
  const [seventh, ...others] = rows.toSorted((a, b) => Number(b.pr_number === 7) - Number(a.pr_number === 7));
  expect(others).toHaveLength(99);
  expect(others.filter(({ state, attempts }) => state !== "completed" || attempts !== 1)).toEqual([]);
  expect(seventh).toMatchObject({ state: "dead", pr_number: 7, attempts: 1 });
  const deadLetters = await gateway.rows("SELECT * FROM dead_letters WHERE repository = ?1", repo);
  expect(deadLetters).toHaveLength(1);
  expect(deadLetters[0]).toMatchObject({ kind: "dispatch", class: "permanent", validation_id: seventh?.id });
  expect(deadLetters[0]?.error).toMatch(error);
  // A hundred are halved until one is left: one call, then two for each of seven halvings.
  expect(sizesSince(before).length).toBeLessThanOrEqual(15);
  await expectConsistent();
});

const isOdd = (request: TriggerRequest): boolean => request.pr_number % 2 === 1;
const half = (verdict: ItemDecision): FaultPolicy =>
  decides((request) => (isOdd(request) ? verdict : "accept"));

test.each<[string, FaultPolicy, number]>([
  ["left out of the answer", half("omit"), 2],
  ["taken and left out of the answer", half("omit-accepted"), 2],
  ["refused for want of room", half(refused(false)), 1],
])("sends only those again that were %s", async (_, policy, attempts) => {
  const { grainchain, open, closeGate, openGate, settle, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  await closeGate();
  await open(repo, 10);
  grainchain.script.next.push(policy);
  const before = grainchain.triggerCalls().length;

  await openGate();
  await settle();

  const [first, ...later] = grainchain.triggerCalls().slice(before);
  expect(first?.requests).toHaveLength(10);
  expect(later.flatMap(({ requests }) => requests).filter((request) => !isOdd(request))).toEqual([]);
  const rows = await validationsOf(repo);
  expect(rows.filter(({ state }) => state !== "completed")).toEqual([]);
  // Runs that Grainchain had started may have finished before they were triggered again.
  const odd = rows.filter(({ pr_number }) => Number(pr_number) % 2 === 1);
  expect(Math.max(...odd.map((row) => Number(row.attempts)))).toBeLessThanOrEqual(attempts);
  const even = rows.filter(({ pr_number }) => Number(pr_number) % 2 === 0);
  expect(new Set(even.map((row) => row.attempts))).toEqual(new Set([1]));
  await expectConsistent();
});

test("keeps sending what a server with room for three at a time refuses, without spending attempts", async () => {
  const { gateway, grainchain, open, closeGate, openGate, settle, validationsOf, expectConsistent } =
    shared();
  const repo = freshRepository();
  const { sandboxes, script } = grainchain;
  sandboxes.maxInFlight = 0;
  script.policy = decides(() => (sandboxes.inFlight < 3 ? "accept" : refused(false)));
  await closeGate();
  await open(repo, 20);

  await openGate();
  await settle();

  expect(await validationsOf(repo)).toMatchObject(Array(20).fill({ state: "completed", attempts: 1 }));
  expect(sandboxes.maxInFlight).toBe(3);
  expect(await gateway.rows("SELECT * FROM dead_letters WHERE repository = ?1", repo)).toEqual([]);
  await expectConsistent();
});

/** Answers no single trigger before so many are in progress. */
function onceThereAre(calls: number, policy: FaultPolicy): FaultPolicy {
  const { promise: together, resolve: release } = Promise.withResolvers<void>();
  let arrived = 0;
  return async (call, serve) => {
    if (call.kind === "trigger" && ++arrived === calls) release();
    if (call.kind === "trigger") await together;
    return policy(call, serve);
  };
}

test.each([404, 405, 501])(
  "sends single triggers, two at a time, if the batch route answers %i",
  async (status) => {
    const { grainchain, open, closeGate, openGate, settle, validationsOf, expectConsistent } = shared();
    const repo = freshRepository();
    await closeGate();
    await open(repo, 14);
    grainchain.script.policy = onceThereAre(2, hasNoBatch(status));
    grainchain.checks.maxCallsAtOnce = 0;
    const before = grainchain.triggerCalls().length;

    await openGate();
    await settle();

    expect(sizesSince(before)).toEqual([14, ...Array(14).fill(1)]);
    expect(grainchain.checks.maxCallsAtOnce).toBe(2);
    expect(await validationsOf(repo)).toMatchObject(Array(14).fill({ state: "completed", attempts: 1 }));
    await expectConsistent();
  },
);

test("tries batches again an hour after the server did not know them, and not before", async () => {
  const { gateway, grainchain, open, settle, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.policy = hasNoBatch(404);
  await open(repo, 1);
  await settle();
  grainchain.script.policy = serves;

  await open(repo, 1, 2);
  await settle();
  expect(grainchain.triggerCalls().at(-1)?.kind).toBe("trigger");

  // The hour is over.
  await gateway.rows(`UPDATE settings SET value = '"${PAST}"' WHERE name = 'grainchain:no-batch-until'`);
  await open(repo, 1, 3);
  await settle();
  expect(grainchain.triggerCalls().at(-1)?.kind).toBe("trigger-batch");
  await expectConsistent();
});

test("pauses if Grainchain has neither route, and continues once it has them", async () => {
  const { grainchain, open, until, settle, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.policy = answers(404, '{"detail":"Not Found"}');
  await open(repo, 3);
  await until("SELECT 1 FROM settings WHERE name = 'gate:grainchain' AND value->>'reason' = 'configuration'");

  grainchain.script.policy = serves;
  await settle();

  expect(await validationsOf(repo)).toMatchObject(Array(3).fill({ state: "completed", attempts: 1 }));
  await expectConsistent();
});
