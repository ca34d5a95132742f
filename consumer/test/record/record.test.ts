import { env } from "cloudflare:workers";
import { FACT_VERSION, type Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { recordBatch } from "../../src/record/record.ts";
import { breakable, count, countStatements, intercept, row, rows } from "../support/database.ts";
import { callback, command, freshRepository, note, pullRequest, second, sha } from "../support/facts.ts";
import { deliveryOf as deliveriesOf, history } from "../support/history.ts";
import { expectConsistent, expectOneLive } from "../support/invariants.ts";
import {
  deliveryOf,
  message,
  outcomesOf,
  POLICY,
  record,
  recordEach,
  recordUntilAcked,
  SILENT,
  validationsOf,
} from "../support/recording.ts";

/** A counterexample in few words. */
const outline = (batches: readonly (readonly Fact[])[]): string =>
  batches.map((batch) => batch.map(outlineFact).join(", ")).join(" | ");

function outlineFact(fact: Fact): string {
  if (fact.kind === "callback") return `${fact.status} ${fact.validation_id}`;
  if (fact.kind !== "delivery") return fact.kind;
  const { change } = fact;
  return change.type === "pull_request"
    ? `${change.action} ${change.before?.slice(0, 8) ?? ""}>${change.head_sha.slice(0, 8)} at ${change.updated_at.slice(17, 19)}`
    : change.type;
}

const scenario = history.chain((told) =>
  deliveriesOf(told.facts).map((batches) => ({ told, batches, [fc.toStringMethod]: () => outline(batches) })),
);

test("ends the same whatever the order, the repetition and the batches of a pull request's history", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ told, batches }) => {
      const { repository, facts, head, open } = told;
      await env.DB.prepare(
        "DELETE FROM timeline WHERE validation_id IN (SELECT id FROM validations WHERE repository_id = ?1)",
      )
        .bind(repository.id)
        .run();
      await env.DB.batch([
        ...["deliveries", "subjects", "validations"].map((table) =>
          env.DB.prepare(`DELETE FROM ${table} WHERE repository_id = ?1`).bind(repository.id),
        ),
        env.DB.prepare("DELETE FROM callbacks_unmatched WHERE repository = ?1").bind(repository.full_name),
      ]);
      for (const batch of batches) await recordUntilAcked(batch);
      const guids = facts.filter((fact) => fact.kind === "delivery").map(({ id }) => id);
      const recorded = await rows<{ id: string }>(
        "SELECT id FROM deliveries WHERE repository_id = ?1",
        repository.id,
      );
      expect(recorded.map(({ id }) => id).toSorted()).toEqual(guids.toSorted());
      expect(
        await row("SELECT head_sha, state FROM subjects WHERE repository_id = ?1", repository.id),
      ).toEqual({
        head_sha: head,
        state: open ? "open" : "closed",
      });
      await expectConsistent(repository.id);
      await expectOneLive(repository.id);
      const validations = await validationsOf(repository);
      const live = validations.filter(({ state }) => state === "queued");
      const ended = validations.some(({ state, head_sha }) => state === "completed" && head_sha === head);
      // An open pull request's head waits, or has had its verdict.
      const waiting = open && !(ended && live.length === 0) ? [head] : [];
      expect(live.map(({ head_sha }) => head_sha)).toEqual(waiting);
    }),
    { numRuns: amount(100) },
  );
});

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

  test("of callbacks of one validation lose no result", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const id = `${repository.id}-pr-12-${sha("a")}-1`;
    const facts = Array.from({ length: 8 }, (_, n) =>
      callback(repository, id, "running", { results: { n } }),
    );
    await Promise.all(facts.map((fact) => recordUntilAcked([fact])));
    const kept = await rows<{ results: string }>(
      `SELECT results FROM validations WHERE id = ?1 AND results IS NOT NULL
       UNION ALL SELECT results FROM timeline WHERE validation_id = ?1 AND results IS NOT NULL`,
      id,
    );
    expect(kept.map(({ results }) => JSON.parse(results).n).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await expectConsistent(repository.id);
  });

  test("leaves a batch to a later delivery when its rows never stay unchanged", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    const trips = { made: 0 };
    // Before every commit somebody else changes the subject.
    const db = intercept(env.DB, async (statements) => {
      if (statements !== 4) {
        trips.made++;
        await env.DB.prepare("UPDATE subjects SET version = version + 1 WHERE repository_id = ?1")
          .bind(repository.id)
          .run();
      }
    });
    const fact = pr("synchronize", "b", 2, { before: sha("a") });
    expect(await record([fact], { db })).toEqual({ verdicts: ["retry"], changed: false, requested: false });
    expect(trips.made).toBe(8);
    expect(await rows("SELECT id FROM deliveries WHERE id = ?1", fact.id)).toEqual([]);
    await recordUntilAcked([fact]);
    await expectConsistent(repository.id);
  });
});

describe("a message that is no fact", () => {
  test.each([
    ["null", null],
    ["text", "nonsense"],
    ["of an unknown version", { v: 2, kind: "delivery", id: "x" }],
    ["a fact with a field of another type", { ...note("ping"), id: 7 }],
  ])("dies alone and is kept: %s", async (_name, body) => {
    const poison = message(body, 3);
    const good = note("ping");
    const deps = { db: env.DB, policy: POLICY, log: SILENT, now: () => new Date(second(3600)) };
    expect(await recordBatch(deps, [poison, message(good)])).toEqual({
      verdicts: ["ack", "ack"],
      changed: false,
      requested: false,
    });
    expect(await row("SELECT * FROM dead_letters WHERE id = ?1", `fact-${poison.id}`)).toMatchObject({
      kind: "fact",
      class: "unreadable",
      attempts: 3,
      first_at: second(0),
      died_at: second(3600),
      body: JSON.stringify(body),
      status: "open",
    });
    expect(await outcomesOf([good])).toEqual(["recorded"]);
  });

  test.each([
    ["longer than is kept", "x".repeat(20_000), `"${"x".repeat(8_191)}`],
    ["cut within a character", `${"x".repeat(8_190)}🧪🧪`, `"${"x".repeat(8_190)}`],
    ["of no JSON form", 7n, null],
    ["undefined", undefined, null],
  ])("is kept as far as it can be: %s", async (_name, body, expected) => {
    const poison = message(body);
    const deps = { db: env.DB, policy: POLICY, log: SILENT, now: () => new Date(second(3600)) };
    expect((await recordBatch(deps, [poison])).verdicts).toEqual(["ack"]);
    const { body: kept } = await row<{ body: string | null }>(
      "SELECT body FROM dead_letters WHERE id = ?1",
      `fact-${poison.id}`,
    );
    expect(kept).toBe(expected);
  });
});

describe("while D1 fails", () => {
  test.each([
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1 DB is overloaded. Requests queued for too long.",
    "Cannot resolve D1 DB due to transient issue on remote node.",
  ])("retries the whole batch at once: %s", async (text) => {
    const trips = { made: 0 };
    const db = breakable(env.DB, () => {
      trips.made++;
      return new Error(text);
    });
    const facts = [note("ping"), note("ping"), note("ping")];
    expect(await record(facts, { db })).toEqual({
      verdicts: ["retry", "retry", "retry"],
      changed: false,
      requested: false,
    });
    expect(trips.made).toBe(1);
  });

  test("writes nothing of a batch whose commit failed, and all of it later", async () => {
    const repository = freshRepository();
    const facts = [pullRequest(repository)("opened", "a", 1), note("ping", repository)];
    const trips = { made: 0 };
    const db = breakable(env.DB, () => {
      trips.made++;
      return trips.made === 2 ? new Error("D1_ERROR: Network connection lost.") : undefined;
    });
    expect((await record(facts, { db })).verdicts).toEqual(["retry", "retry"]);
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toEqual([]);
    await recordUntilAcked(facts, { db });
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toHaveLength(2);
  });
});

describe("a fact that cannot be recorded", () => {
  /** Its row breaks the schema: the subject that it is about cannot be read any more. */
  async function unrecordable() {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    await env.DB.prepare("UPDATE subjects SET edges = 'no JSON' WHERE repository_id = ?1")
      .bind(repository.id)
      .run();
    return pr("synchronize", "b", 2, { before: sha("a") });
  }

  test("does not hold up its batch-mates", async () => {
    const bad = await unrecordable();
    const good = [note("ping"), pullRequest(freshRepository())("opened", "a", 1)];
    const { verdicts, changed } = await record([...good, bad]);
    expect(verdicts).toEqual(["ack", "ack", "retry"]);
    expect(changed).toBe(true);
    expect(await outcomesOf(good)).toEqual(["recorded", "started"]);
  });

  test("does not hide that an operator has asked for something", async () => {
    const request = {
      v: FACT_VERSION,
      kind: "request",
      id: crypto.randomUUID(),
      received_at: second(0),
    } as const;
    expect(await record([await unrecordable(), request])).toEqual({
      verdicts: ["retry", "ack"],
      changed: false,
      requested: true,
    });
  });

  test("is retried when it is alone", async () => {
    expect((await record([await unrecordable()])).verdicts).toEqual(["retry"]);
  });
});

describe("the number of D1 statements", () => {
  async function statementsFor(facts: readonly Fact[]): Promise<number> {
    const { db, statements } = countStatements(env.DB);
    const { verdicts } = await record(facts, { db });
    expect(new Set(verdicts)).toEqual(new Set(["ack"]));
    return statements();
  }

  test("is the same for 1, 10 and 100 deliveries", async () => {
    const batch = (size: number) =>
      Array.from({ length: size }, () => pullRequest(freshRepository())("opened", "a", 1));
    const counts = [
      await statementsFor(batch(1)),
      await statementsFor(batch(10)),
      await statementsFor(batch(100)),
    ];
    expect(new Set(counts).size).toBe(1);
    expect(counts[0]).toBeLessThan(20);
  });

  test("is the same for 1, 10 and 100 callbacks", async () => {
    async function batch(size: number) {
      const repositories = Array.from({ length: size }, freshRepository);
      await record(repositories.map((repository) => pullRequest(repository)("opened", "a", 1)));
      return repositories.map((repository) =>
        callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed", {
          results: { success: true },
        }),
      );
    }
    const counts: number[] = [];
    for (const size of [1, 10, 100]) counts.push(await statementsFor(await batch(size)));
    expect(new Set(counts).size).toBe(1);
    expect(counts[0]).toBeLessThan(20);
  });

  test("is the same for 1 and 100 facts that were recorded before", async () => {
    const facts = Array.from({ length: 100 }, () => note("ping"));
    await record(facts);
    expect(await statementsFor(facts.slice(0, 1))).toBe(await statementsFor(facts));
  });
});

describe("the largest batch", () => {
  test("of callbacks with inline results is recorded in one transaction", async () => {
    const repositories = Array.from({ length: 100 }, freshRepository);
    await record(repositories.map((repository) => pullRequest(repository)("opened", "a", 1)));
    const results = { output: '"\\'.repeat(3_050) };
    expect(JSON.stringify(results).length).toBeGreaterThan(12_000);
    const facts = repositories.map((repository) =>
      callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed", { results }),
    );
    const { db, statements } = countStatements(env.DB);
    expect((await record(facts, { db })).verdicts).toEqual(Array(100).fill("ack"));
    expect(statements()).toBeLessThan(20);
    const ids = JSON.stringify(repositories.map(({ id }) => id));
    expect(
      await count(
        "SELECT count(*) FROM validations WHERE results = ?2 AND repository_id IN (SELECT value FROM json_each(?1))",
        ids,
        JSON.stringify(results),
      ),
    ).toBe(100);
  });

  test("of deliveries with the longest fields is recorded in one transaction", async () => {
    const facts = Array.from({ length: 100 }, () => {
      const repository = { ...freshRepository(), clone_url: `https://github.test/${"c".repeat(580)}` };
      return pullRequest(repository)("synchronize", "b", 1, {
        before: sha("a"),
        url: `https://github.test/${"u".repeat(580)}`,
        head_ref: "é".repeat(127),
      });
    });
    expect((await record(facts)).verdicts).toEqual(Array(100).fill("ack"));
    expect(new Set(await outcomesOf(facts))).toEqual(new Set(["started"]));
  });

  test("of unreadable messages is recorded", async () => {
    const messages = Array.from({ length: 100 }, () => message("語".repeat(20_000)));
    const deps = { db: env.DB, policy: POLICY, log: SILENT, now: () => new Date(second(3600)) };
    expect((await recordBatch(deps, messages)).verdicts).toEqual(Array(100).fill("ack"));
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
