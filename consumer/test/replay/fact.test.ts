import { env } from "cloudflare:workers";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { empty, intercept, row, rows } from "../support/database.ts";
import { callback, freshRepository, note, pullRequest, second, sha } from "../support/facts.ts";
import {
  message,
  record,
  recordEach,
  timelineOf,
  validationOf,
  validationsOf,
} from "../support/recording.ts";
import {
  cancel,
  dead,
  deadLetterIdOf,
  deadLetterOf,
  expectInvariants,
  idOf,
  order,
  replay,
  replayOf,
  step,
  unrecorded,
} from "./support.ts";

beforeEach(empty);
afterEach(expectInvariants);

describe("a fact that could not be recorded", () => {
  test("is recorded under its own GUID, behind live work", async () => {
    const repository = freshRepository();
    const fact = pullRequest(repository, 1)("opened", "a", 1);
    const [deadLetter = ""] = await unrecorded([fact]);
    const replayId = await replay({ ids: [deadLetter] });
    expect(await rows("SELECT id, outcome, received_at FROM deliveries")).toEqual([
      { id: fact.id, outcome: "started", received_at: fact.received_at },
    ]);
    expect(await validationOf(idOf(repository, 1))).toMatchObject({ state: "queued", lane: 1 });
    expect(await deadLetterOf(deadLetter)).toMatchObject({
      status: "replayed",
      replay_id: replayId,
      outcome: "recorded: started",
    });
    expect(await replayOf(replayId)).toMatchObject({ status: "done", replayed: 1, failed: 0 });
  });

  test("that an older version could not read is told from what has claimed its GUID", async () => {
    const repository = freshRepository();
    const fact = { ...pullRequest(repository, 1)("opened", "a", 1), digest: "of its body" };
    await recordEach([{ ...note("ping"), id: fact.id, digest: "of another" }]);
    const [deadLetter = ""] = await unrecorded([fact]);
    await rows(`UPDATE dead_letters SET class = 'unreadable', body = json_remove(body, '$.fingerprint')`);
    await replay({ ids: [deadLetter] });
    expect((await deadLetterOf(deadLetter)).outcome).toBe("recorded: started");
    expect(await validationsOf(repository)).toHaveLength(1);
  });

  test("that is old by now starts nothing, and the dead letter says so", async () => {
    const repository = freshRepository();
    const [deadLetter = ""] = await unrecorded([pullRequest(repository, 1)("opened", "a", 1)]);
    await record([pullRequest(repository, 1)("synchronize", "b", 5)]);
    await replay({ ids: [deadLetter] });
    expect((await deadLetterOf(deadLetter)).outcome).toBe("recorded: stale");
    expect((await validationsOf(repository)).map(({ head_sha }) => head_sha)).toEqual([sha("b")]);
  });

  test("that came by the capability of a deleted validation leaves nothing, and the dead letter says so", async () => {
    const [deadLetter = ""] = await unrecorded([callback(freshRepository(), "expired", "completed")]);
    await replay({ ids: [deadLetter] });
    expect(await deadLetterOf(deadLetter)).toMatchObject({
      status: "replayed",
      outcome: "dropped: its validation is deleted",
    });
    expect(await rows("SELECT id FROM callbacks_unmatched")).toEqual([]);
  });

  test("may be any fact", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository, 1)("opened", "a", 1)]);
    const id = idOf(repository, 1);
    const facts = [
      callback(repository, id, "completed", { pr_number: 1, results: { success: true } }),
      callback(repository, "nobody's", "running", { id_kind: "any" }),
      note("ping"),
    ];
    const deadLetters = await unrecorded(facts);
    await replay({ all: true });
    expect(await validationOf(id)).toMatchObject({ state: "completed", conclusion: "success" });
    expect(await rows("SELECT id FROM callbacks_unmatched")).toEqual([{ id: facts[1]?.id }]);
    for (const deadLetter of deadLetters) expect((await deadLetterOf(deadLetter)).status).toBe("replayed");
  });

  test("is not recorded twice if it was recorded after all", async () => {
    const repository = freshRepository();
    const fact = pullRequest(repository, 1)("opened", "a", 1);
    await record([fact]);
    const timeline = await timelineOf(idOf(repository, 1));
    const late = callback(repository, idOf(repository, 1), "running", { pr_number: 1 });
    await record([late]);
    const deadLetters = await unrecorded([late]);
    await replay({ ids: deadLetters });
    expect((await timelineOf(idOf(repository, 1))).length).toBe(timeline.length + 1);
    expect((await deadLetterOf(deadLetters[0] ?? "")).status).toBe("replayed");
  });

  test("leaves no dead letter if it was recorded before it died", async () => {
    const fact = pullRequest(freshRepository(), 1)("opened", "a", 1);
    await record([fact]);
    await unrecorded([fact]);
    expect(await rows("SELECT id FROM dead_letters")).toEqual([]);
  });

  test("that two dead letters hold is recorded once", async () => {
    const fact = pullRequest(freshRepository(), 1)("opened", "a", 1);
    const [deadLetter = ""] = await unrecorded([fact]);
    // As a version before this one left it, which could not read it yet.
    await env.DB.prepare(
      `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, body)
       SELECT 'fact-message', kind, 'unreadable', error, attempts, first_at, died_at, body FROM dead_letters`,
    ).run();
    const id = await replay({ all: true });
    expect(await rows("SELECT id FROM deliveries")).toEqual([{ id: fact.id }]);
    expect((await deadLetterOf(deadLetter)).status).toBe("replayed");
    expect(await deadLetterOf("fact-message")).toMatchObject({ status: "replayed" });
    expect(await replayOf(id)).toMatchObject({ status: "done", replayed: 2, failed: 0 });
  });

  test("needs no replay if GitHub delivers it again", async () => {
    const fact = pullRequest(freshRepository(), 1)("opened", "a", 1);
    const [deadLetter = ""] = await unrecorded([fact]);
    await record([fact]);
    expect(await deadLetterOf(deadLetter)).toMatchObject({
      status: "replayed",
      outcome: "recorded: started",
    });
  });

  test("that is delivered again in the middle of its replay counts as done", async () => {
    const fact = pullRequest(freshRepository(), 1)("opened", "a", 1);
    const [deadLetter = ""] = await unrecorded([fact]);
    const id = await order({ ids: [deadLetter] });
    await record([fact]);
    await step();
    expect(await replayOf(id)).toMatchObject({ status: "done", total: 1, replayed: 1, failed: 0 });
    expect(await rows("SELECT id FROM deliveries")).toHaveLength(1);
  });

  test("follows the live work of its repository, not the other way round", async () => {
    const repository = freshRepository();
    const facts = Array.from({ length: 30 }, (_, index) =>
      pullRequest(repository, 100 + index)("opened", "a", 1),
    );
    await unrecorded(facts);
    await replay({ all: true });
    const other = freshRepository();
    await recordEach([
      ...[1, 2, 3].map((number) => pullRequest(other, number)("opened", "a", 1)),
      pullRequest(repository, 1)("opened", "a", 1),
    ]);
    const live = await rows<{ pr_number: number; repository_id: number }>(
      "SELECT pr_number, repository_id FROM validations WHERE lane = 0 ORDER BY turn, id",
    );
    // It takes turns with the other one, as if nothing had been replayed.
    expect(
      live
        .slice(0, 2)
        .map(({ repository_id }) => repository_id)
        .toSorted(),
    ).toEqual([repository.id, other.id].toSorted());
  });
});

describe("a dead letter that cannot be replayed is open again, and says why", () => {
  test.each([
    ["text", "poison"],
    ["a fact of another version", { ...note("ping"), v: 99 }],
    ["a fact with a field too few", { ...note("ping"), change: {} }],
    ["a body that was cut", { text: "x".repeat(10_000) }],
    ["nothing", null],
  ])("%s", async (_, body) => {
    const { recordBatch } = await import("../../src/record/record.ts");
    const { replayDeps } = await import("./support.ts");
    await recordBatch(replayDeps(), [message(body, 8)]);
    const { id } = await row<{ id: string }>("SELECT id FROM dead_letters");
    const replayId = await replay({ ids: [id] });
    expect(await deadLetterOf(id)).toMatchObject({
      status: "open",
      outcome: "cannot be replayed: this version cannot read it",
      closed_at: null,
      replay_id: null,
    });
    expect(await replayOf(replayId)).toMatchObject({ status: "done", total: 1, replayed: 1, failed: 1 });
  });

  test("one that D1 refuses, without holding up the others", async () => {
    const repository = freshRepository();
    const good = pullRequest(repository, 1)("opened", "a", 1);
    const poison = pullRequest(repository, 2)("opened", "a", 1);
    const deadLetters = await unrecorded([poison, good]);
    let refusing = true;
    const db = intercept(env.DB, async () => {});
    const refused = new Proxy(db, {
      get(target, name) {
        if (name !== "prepare") return Reflect.get(target, name);
        return (sql: string) => {
          const statement = target.prepare(sql);
          return new Proxy(statement, {
            get(inner, member) {
              if (member === "bind") {
                return (...values: unknown[]) => {
                  const bad = sql.includes("INSERT INTO deliveries") && String(values[0]).includes(poison.id);
                  if (bad && refusing) {
                    // What a value that no column takes would do.
                    return target.prepare("INSERT INTO deliveries (id) VALUES (NULL)").bind();
                  }
                  return inner.bind(...values);
                };
              }
              return Reflect.get(inner, member);
            },
          });
        };
      },
    });
    const id = await order({ ids: deadLetters });
    await step({ db: refused });
    expect(await deadLetterOf(deadLetters[0] ?? "")).toMatchObject({ status: "open" });
    expect((await deadLetterOf(deadLetters[0] ?? "")).outcome).toMatch(/^cannot be replayed: D1 refuses it/);
    expect(await deadLetterOf(deadLetters[1] ?? "")).toMatchObject({
      status: "replayed",
      outcome: "recorded: started",
    });
    expect(await replayOf(id)).toMatchObject({ status: "done", total: 2, replayed: 2, failed: 1 });
    refusing = false;
    await replay({ ids: deadLetters.slice(0, 1) }, { at: 5000 });
    expect((await deadLetterOf(deadLetters[0] ?? "")).status).toBe("replayed");
  });
});

test("a discard closes dead letters permanently, and changes nothing that they are about", async () => {
  const [id = ""] = await dead(1);
  const { startReplay } = await import("@webhook-gateway/shared/store/maintain/replays.ts");
  const start = { id: "discard", action: "discard", requestedBy: "ada", reason: null, rate: 0 } as const;
  await startReplay(env.DB, { ...start, scope: { all: true } }, second(4000));
  await step();
  expect(await deadLetterOf(deadLetterIdOf(id))).toMatchObject({
    status: "discarded",
    outcome: "discarded",
    replay_id: "discard",
    closed_at: second(4000),
  });
  expect((await validationOf(id)).state).toBe("dead");
  expect(await cancel("discard")).toMatchObject({ status: "done", replayed: 1, total: 1 });
  expect((await deadLetterOf(deadLetterIdOf(id))).status).toBe("discarded");
});

test.each([
  ["an old message reports its dead letter again", (fact: Fact) => unrecorded([fact])],
  ["GitHub delivers it again", (fact: Fact) => record([fact])],
])("a fact that was discarded stays so where %s", async (_, happens) => {
  const fact = pullRequest(freshRepository(), 1)("opened", "a", 1);
  const [deadLetter = ""] = await unrecorded([fact]);
  const { startReplay } = await import("@webhook-gateway/shared/store/maintain/replays.ts");
  const start = { id: "discard", action: "discard", requestedBy: "ada", reason: null, rate: 0 } as const;
  await startReplay(env.DB, { ...start, scope: { all: true } }, second(4000));
  await happens(fact);
  expect(await deadLetterOf(deadLetter)).toMatchObject({ status: "discarded", outcome: "discarded" });
});

test("a replay settles no dead letter that another one has taken over", async () => {
  const { commit } = await import("@webhook-gateway/shared/store/write/commit.ts");
  const [deadLetter = ""] = await unrecorded([pullRequest(freshRepository(), 1)("opened", "a", 1)]);
  const id = await order({ ids: [deadLetter] });
  const settled = { id: deadLetter, replay_id: "another", status: "replayed", outcome: "recorded" } as const;
  expect(await commit(env.DB, second(4100), [{ kind: "settledDeadLetter", row: settled }])).toBe("conflict");
  expect(await deadLetterOf(deadLetter)).toMatchObject({ status: "replaying", replay_id: id });
});
