/** A body is worth one event, and a GUID does not stand for what was delivered under it. */
import { env } from "cloudflare:workers";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { fingerprintOf } from "@webhook-gateway/shared/routing/fingerprint.ts";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import { recordDeadLetters } from "../../src/record/dead-letters.ts";
import { empty, rows } from "../support/database.ts";
import { command, freshRepository, mergeGroup, note, pullRequest, push, rerun } from "../support/facts.ts";
import {
  deliveryOf,
  message,
  outcomesOf,
  record,
  recordEach,
  recordUntilAcked,
  SILENT,
  validationsOf,
} from "../support/recording.ts";

beforeEach(empty);

type Repository = ReturnType<typeof freshRepository>;

/** As the producer sends it: each call another body. */
let bodies = 0;
const sent = (fact: DeliveryFact, digest = `digest of body ${++bodies}`): DeliveryFact => ({
  ...fact,
  secret: "current",
  digest,
});

/** As older producers sent it. */
const sentBefore = async (fact: DeliveryFact): Promise<DeliveryFact> => ({
  ...sent(fact),
  fingerprint: await fingerprintOf(fact),
});

/** The same body and signature under another GUID. */
const underAnother = (fact: DeliveryFact): DeliveryFact => ({ ...fact, id: crypto.randomUUID() });

const EVENTS: readonly [string, (repository: Repository) => DeliveryFact][] = [
  ["a newer head", (repository) => pullRequest(repository)("synchronize", "b", 9)],
  ["a close", (repository) => pullRequest(repository)("closed", "a", 9)],
  ["a reopen", (repository) => pullRequest(repository)("reopened", "a", 9)],
  ["another base", (repository) => pullRequest(repository)("edited", "a", 9)],
  ["a command to validate", (repository) => command(repository, "validate")],
  ["a command to cancel", (repository) => command(repository, "cancel")],
  ["a re-run of a check", (repository) => rerun(repository, "a")],
  ["a re-run of a suite", (repository) => rerun(repository, "a", 77, "check_suite")],
  ["a merge group", (repository) => mergeGroup(repository, "checks_requested", "m")],
  ["a push without a time", (repository) => push(repository, "o", "p", null)],
  ["a rename", (repository) => note("repository", repository)],
];

const everything = () =>
  Promise.all(
    ["subjects", "validations", "timeline", "cancels", "reactions"].map((table) =>
      rows(`SELECT * FROM ${table}`),
    ),
  );

describe("the same body under another GUID", () => {
  test.each(EVENTS)("changes nothing: %s", async (_, event) => {
    const repository = freshRepository();
    const first = sent(event(repository));
    await recordEach([sent(pullRequest(repository)("opened", "a", 0)), first]);
    // What could be cancelled or started again by now.
    await recordEach([sent(command(repository, "validate")), sent(push(repository, "p", "q", null))]);
    const before = await everything();
    const again = underAnother(first);
    await recordEach([again, again]);
    expect(await everything()).toEqual(before);
    expect(await deliveryOf(again)).toMatchObject({
      outcome: "repeated",
      reason: `it says the same as ${first.id}`,
    });
  });

  test("changes nothing within one batch", async () => {
    const repository = freshRepository();
    const opened = sent(pullRequest(repository)("opened", "a", 0));
    const pressed = sent(rerun(repository, "a"));
    const again = [underAnother(pressed), underAnother(pressed)];
    await record([opened, pressed, ...again]);
    expect(await outcomesOf([pressed, ...again])).toEqual(["started", "repeated", "repeated"]);
    expect(await validationsOf(repository)).toHaveLength(2);
  });

  test("changes nothing in a batch that is recorded at the same time", async () => {
    const repository = freshRepository();
    const first = sent(rerun(repository, "a"));
    await recordEach([sent(pullRequest(repository)("opened", "a", 0))]);
    const copies = [first, underAnother(first), underAnother(first)];
    await Promise.all(copies.map((copy) => recordUntilAcked([copy])));
    expect((await outcomesOf(copies)).toSorted()).toEqual(["repeated", "repeated", "started"]);
    expect(await validationsOf(repository)).toHaveLength(2);
  });

  test("is known by any of the bodies that brought a command", async () => {
    const repository = freshRepository();
    const ofHook = sent(command(repository, "cancel"));
    const ofApp = { ...ofHook, digest: "body of the App", installation_id: 5 };
    await recordEach([sent(pullRequest(repository)("opened", "a", 0)), ofHook, ofApp, ofApp]);
    const again = underAnother(ofApp);
    await recordEach([sent(command(repository, "validate")), again]);
    expect((await deliveryOf(again)).outcome).toBe("repeated");
    expect((await validationsOf(repository)).at(-1)?.state).toBe("queued");
    expect(await rows("SELECT id FROM deliveries WHERE id LIKE '%~%'")).toHaveLength(1);
  });
});

test("another body is another event, whatever else is the same", async () => {
  const repository = freshRepository();
  const presses = [sent(rerun(repository, "a")), sent(rerun(repository, "a"))];
  await recordEach([sent(pullRequest(repository)("opened", "a", 0)), ...presses]);
  expect(await outcomesOf(presses)).toEqual(["started", "started"]);
});

describe("a GUID that was claimed first with something else", () => {
  test("is recorded beside it, once", async () => {
    const repository = freshRepository();
    const genuine = sent(pullRequest(repository)("opened", "a", 0));
    const claim = { ...sent(note("ping")), id: genuine.id };
    await recordEach([claim, genuine, genuine]);
    await record([genuine, claim, genuine]);
    const id = `${genuine.id}~${(await fingerprintOf(genuine)).slice(0, 12)}`;
    expect(await rows("SELECT id, outcome FROM deliveries ORDER BY id")).toEqual([
      { id: genuine.id, outcome: "recorded" },
      { id, outcome: "started" },
    ]);
    expect(await validationsOf(repository)).toMatchObject([{ delivery_id: id, state: "queued" }]);
  });

  test("keeps the genuine delivery's dead letter, until that is recorded", async () => {
    const genuine = sent(pullRequest(freshRepository())("opened", "a", 0));
    const claim = { ...sent(note("ping")), id: genuine.id };
    const deps = { db: env.DB, log: SILENT, now: () => new Date() };
    const status = () => rows("SELECT status FROM dead_letters");
    await recordEach([claim]);
    await recordDeadLetters(deps, [message(genuine)]);
    expect(await status()).toEqual([{ status: "open" }]);
    await recordEach([claim, { ...claim, id: crypto.randomUUID(), digest: "d" }]);
    expect(await status()).toEqual([{ status: "open" }]);
    await recordEach([genuine]);
    expect(await status()).toEqual([{ status: "replayed" }]);
  });

  test("a dead letter is closed by its own fact alone", async () => {
    const genuine = sent(pullRequest(freshRepository())("opened", "a", 0));
    const deps = { db: env.DB, log: SILENT, now: () => new Date() };
    await recordDeadLetters(deps, [message(genuine)]);
    await recordEach([{ ...sent(note("ping")), id: genuine.id }]);
    expect(await rows("SELECT status FROM dead_letters")).toEqual([{ status: "open" }]);
  });
});

test("a delivery is known again by its content, whether an older producer has named that or not", async () => {
  const repository = freshRepository();
  const earlier = await sentBefore(pullRequest(repository)("opened", "a", 0));
  const redelivered = { ...sent(pullRequest(repository)("opened", "a", 0)), id: earlier.id };
  const claim = { ...(await sentBefore(note("ping"))), id: earlier.id };
  await recordEach([earlier, redelivered, claim, redelivered]);
  expect(await rows("SELECT outcome FROM deliveries ORDER BY id")).toEqual([
    { outcome: "started" },
    { outcome: "recorded" },
  ]);
});

test("copies for several hooks, and what an older version has recorded, are one delivery", async () => {
  const repository = freshRepository();
  const { digest: _, ...old } = sent(pullRequest(repository)("opened", "a", 0));
  const copy = { ...sent(old), installation_id: 5, received_at: "2026-11-02T00:00:00.000Z" };
  await recordEach([old, copy, { ...copy, digest: "another" }]);
  const pushed = sent(push(repository, "o", "p", 5));
  const denied = {
    ...pushed,
    digest: "one more",
    change: { ...pushed.change, validate: false, skip: "changed" },
  };
  await recordEach([pushed, denied as DeliveryFact]);
  expect(await rows("SELECT id FROM deliveries")).toHaveLength(2);
});

test("whatever is sent how often, under whichever GUID and in whichever batches, each body acts once", async () => {
  const kinds = EVENTS.map(([, event]) => event);
  const step = fc.record({ event: fc.nat(kinds.length - 1), guid: fc.nat(3), batch: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      await empty();
      const repository = freshRepository();
      const facts = kinds.map((event) => sent(event(repository)));
      const guids = facts.map((fact) => [fact.id, ...Array.from({ length: 3 }, () => crypto.randomUUID())]);
      const all = steps.flatMap(({ event, guid }) => {
        const [fact, id] = [facts[event], guids[event]?.[guid]];
        return fact === undefined || id === undefined ? [] : [{ ...fact, id }];
      });
      const batches = all.reduce<DeliveryFact[][]>(
        (done, fact, index) => {
          if (steps[index]?.batch === true) done.push([]);
          done.at(-1)?.push(fact);
          return done;
        },
        [[]],
      );
      for (const batch of batches) await recordUntilAcked(batch);
      const acted = await rows<{ digest: string; n: number }>(
        "SELECT digest, count(*) AS n FROM deliveries WHERE outcome <> 'repeated' GROUP BY digest",
      );
      expect(acted.map(({ n }) => n)).toEqual(acted.map(() => 1));
      expect(acted).toHaveLength(new Set(all.map(({ digest }) => digest)).size);
      expect(await rows("SELECT id FROM deliveries")).toHaveLength(new Set(all.map(({ id }) => id)).size);
    }),
    { numRuns: amount(10) },
  );
});
