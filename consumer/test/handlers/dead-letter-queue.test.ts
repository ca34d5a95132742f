import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { breakable, row, rows } from "../support/database.ts";
import { callback, freshRepository } from "../support/facts.ts";
import { DEAD, deliver, down, opened, useWorker } from "./support.ts";

useWorker();

describe("the dead-letter queue", () => {
  test("has each fact kept with all that a replay needs", async () => {
    const repository = freshRepository();
    const facts = [opened(repository), callback(repository, "some-id", "completed", { results: { n: 1 } })];
    expect((await deliver(DEAD, [...facts, "poison"], {}, 4)).acked).toEqual(["m0", "m1", "m2"]);
    expect(await row("SELECT * FROM dead_letters WHERE id = ?1", `fact-${facts[0]?.id}`)).toMatchObject({
      kind: "fact",
      class: "unrecorded",
      attempts: 4,
      repository: repository.full_name,
      delivery_id: facts[0]?.id,
      validation_id: null,
      status: "open",
      body: JSON.stringify(facts[0]),
    });
    expect(await row("SELECT * FROM dead_letters WHERE id = ?1", `fact-${facts[1]?.id}`)).toMatchObject({
      delivery_id: null,
      validation_id: "some-id",
    });
    const { body } = await row<{ body: string }>(
      "SELECT body FROM dead_letters WHERE id = ?1",
      `fact-${facts[1]?.id}`,
    );
    expect(JSON.parse(body)).toEqual(facts[1]);
    expect(await row("SELECT class FROM dead_letters WHERE id = 'fact-m2'")).toEqual({ class: "unreadable" });
  });

  test("keeps one dead letter, however often it is delivered", async () => {
    const fact = opened();
    await deliver(DEAD, [fact, fact]);
    await deliver(DEAD, [fact]);
    expect(await rows("SELECT id FROM dead_letters")).toHaveLength(1);
  });

  test.each([
    [1, 60],
    [2, 120],
    [8, 7680],
    [9, 10800],
    [100, 10800],
  ])("keeps its messages while D1 is down, attempt %d for %d s", async (attempts, delay) => {
    const fact = opened();
    expect(await deliver(DEAD, [fact], { DB: down() }, attempts)).toEqual({
      acked: [],
      retried: ["m0"],
      delays: [delay],
    });
    expect(await rows("SELECT id FROM dead_letters")).toEqual([]);
  });

  test("asks D1 once, not once a message, while it is down", async () => {
    let trips = 0;
    const DB = breakable(env.DB, () => {
      trips++;
      return new Error("D1_ERROR: Network connection lost.");
    });
    await deliver(
      DEAD,
      Array.from({ length: 16 }, () => opened()),
      { DB },
    );
    expect(trips).toBe(1);
  });
});
