import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { intercept, rows } from "../support/database.ts";
import { callback, command, freshRepository, note, pullRequest, sha } from "../support/facts.ts";
import { expectConsistent, expectOneLive } from "../support/invariants.ts";
import {
  deliveryOf,
  record,
  recordEach,
  recordUntilAcked,
  timelineOf,
  validationsOf,
} from "../support/recording.ts";

describe("the same delivery", () => {
  test("twenty times in one batch is one row and one validation", async () => {
    const repository = freshRepository();
    const fact = pullRequest(repository)("opened", "a", 1);
    const { verdicts } = await record(Array.from({ length: 20 }, () => fact));
    expect(verdicts).toEqual(Array(20).fill("ack"));
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toEqual([
      { id: fact.id },
    ]);
    expect(await validationsOf(repository)).toHaveLength(1);
    await expectConsistent(repository.id);
  });

  test("in twenty batches one after the other is one row and one validation", async () => {
    const repository = freshRepository();
    const fact = pullRequest(repository)("opened", "a", 1);
    await recordEach(Array.from({ length: 20 }, () => fact));
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toHaveLength(1);
    expect(await validationsOf(repository)).toHaveLength(1);
    await expectConsistent(repository.id);
  });

  test("in twenty batches at once is one row and one validation", async () => {
    const repository = freshRepository();
    const fact = pullRequest(repository)("opened", "a", 1);
    const other = note("ping", repository);
    const recorded = await Promise.all(Array.from({ length: 20 }, () => record([fact, other])));
    expect(recorded.flatMap(({ verdicts }) => verdicts)).toEqual(Array(40).fill("ack"));
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toHaveLength(2);
    expect(await validationsOf(repository)).toHaveLength(1);
    await expectConsistent(repository.id);
  });

  test("says that nothing changed when it comes again", async () => {
    const fact = pullRequest(freshRepository())("opened", "a", 1);
    expect((await record([fact])).changed).toBe(true);
    expect((await record([fact])).changed).toBe(false);
  });
});

describe("batches at once", () => {
  test("of one subject lose nothing and end at its newest head", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [
      pr("opened", "h0", 1),
      ...Array.from({ length: 9 }, (_, n) => pr("synchronize", `h${n + 1}`, n + 2, { before: sha(`h${n}`) })),
    ];
    await Promise.all(facts.toReversed().map((fact) => recordUntilAcked([fact])));
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toHaveLength(10);
    await expectConsistent(repository.id);
    await expectOneLive(repository.id);
    const live = (await validationsOf(repository)).filter(({ state }) => state === "queued");
    expect(live.map(({ head_sha }) => head_sha)).toEqual([sha("h9")]);
  });

  test("that open, command and close one pull request leave nothing live", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    const facts = [pr("closed", "a", 9), ...Array.from({ length: 6 }, () => command(repository, "validate"))];
    await Promise.all(facts.map((fact) => recordUntilAcked([fact])));
    await expectConsistent(repository.id);
    expect((await validationsOf(repository)).filter(({ state }) => state === "queued")).toEqual([]);
  });

  test("of callbacks of one validation keep them all, with the first and the latest results", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const id = `${repository.id}-pr-12-${sha("a")}-1`;
    const facts = Array.from({ length: 8 }, (_, n) =>
      callback(repository, id, "running", { results: { n } }),
    );
    await Promise.all(facts.map((fact) => recordUntilAcked([fact])));
    const heard = (await timelineOf(id)).filter(({ reason }) => reason === "callback running");
    const resultsOf = new Map(facts.map((fact) => [fact.id, JSON.stringify(fact.results)]));
    expect(new Set(heard.map(({ delivery_id }) => delivery_id))).toEqual(new Set(resultsOf.keys()));
    expect(heard.map(({ results }) => results)).toEqual(
      heard.map(({ delivery_id }, n) => (n === 0 || n === 7 ? resultsOf.get(delivery_id ?? "") : null)),
    );
    await expectConsistent(repository.id);
  });

  test("leaves a batch to a later delivery when its rows never stay unchanged", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    let trips = 0;
    // Before every commit, which follows a read, somebody else changes the subject.
    const db = intercept(env.DB, async () => {
      if (++trips % 2 === 1) return;
      await env.DB.prepare("UPDATE subjects SET version = version + 1 WHERE repository_id = ?1")
        .bind(repository.id)
        .run();
    });
    const fact = pr("synchronize", "b", 2, { before: sha("a") });
    expect(await record([fact], { db })).toEqual({
      verdicts: ["retry soon"],
      changed: false,
      requested: false,
    });
    expect(trips).toBe(16);
    expect(await rows("SELECT id FROM deliveries WHERE id = ?1", fact.id)).toEqual([]);
    await recordUntilAcked([fact]);
    await expectConsistent(repository.id);
  });
});

test("gives later validations of one repository later turns, and another repository the current one", async () => {
  const [one, two] = [freshRepository(), freshRepository()];
  const facts = [
    ...[1, 2, 3].map((number) => pullRequest(one, number)("opened", "a", 1)),
    pullRequest(two)("opened", "a", 1),
    pullRequest(one, 4)("opened", "a", 1),
  ];
  await record(facts.slice(0, 2));
  await record(facts.slice(2));
  const turns = (await validationsOf(one)).map(({ turn }) => turn);
  const [first = 0] = turns;
  expect(turns).toEqual([first, first + 1, first + 2, first + 3]);
  expect((await validationsOf(two)).map(({ turn }) => turn)).toEqual([first]);
  expect(await deliveryOf(facts[3] ?? note("ping"))).toMatchObject({ outcome: "started" });
});
