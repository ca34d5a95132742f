import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { empty, faulty, intercept, rows } from "../support/database.ts";
import { freshRepository, note, pullRequest } from "../support/facts.ts";
import { record, timelineOf, validationOf } from "../support/recording.ts";
import {
  cancel,
  dead,
  deadLetterIdOf,
  deadLetterOf,
  dispatch,
  expectInvariants,
  order,
  replay,
  replayOf,
  step,
  unrecorded,
  workOff,
} from "./support.ts";

beforeEach(empty);
afterEach(expectInvariants);

const replayedTimes = async (id: string): Promise<number> =>
  (await timelineOf(id)).filter(({ reason }) => reason.startsWith("replayed by")).length;

const statuses = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await rows<{ status: string; n: number }>(
        "SELECT status, count(*) AS n FROM dead_letters GROUP BY status",
      )
    ).map(({ status, n }) => [status, n]),
  );

describe("a cancelled replay", () => {
  test("leaves what it has come to, and opens the rest", async () => {
    const ids = await dead(10);
    const id = await order({ all: true }, { rate: 60 });
    await step();
    const before = await statuses();
    expect(before).toEqual({ replayed: 5, replaying: 5 });
    expect(await cancel(id)).toMatchObject({
      status: "cancelled",
      total: 10,
      replayed: 5,
      finished_at: expect.any(String),
    });
    expect(await statuses()).toEqual({ replayed: 5, open: 5 });
    await step({ at: 9000 });
    expect(await statuses()).toEqual({ replayed: 5, open: 5 });
    const states = await Promise.all(ids.map(async (one) => (await validationOf(one)).state));
    expect(states.filter((state) => state === "queued")).toHaveLength(5);
    // The rest can be replayed: each ran once.
    await replay({ all: true }, { at: 9100 });
    for (const one of ids) expect(await replayedTimes(one)).toBe(1);
  });

  /** Cancels once, right before the nth round trip of a step. */
  const cancelledAt = (trip: number, id: string): D1Database => {
    let trips = 0;
    return intercept(env.DB, async () => {
      if (++trips === trip) await cancel(id);
    });
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    "before round trip %i of a step runs nothing whose dead letter is open",
    async (trip) => {
      const repository = freshRepository();
      const ids = await dead(3, repository);
      const facts = [note("ping"), pullRequest(repository, 9)("opened", "a", 1)];
      await unrecorded(facts);
      const id = await order({ all: true });
      await step({ db: cancelledAt(trip, id) });
      for (const one of ids) {
        const { status } = await deadLetterOf(deadLetterIdOf(one));
        const { state } = await validationOf(one);
        expect({ status, state }).toEqual(
          status === "open" ? { status: "open", state: "dead" } : { status: "replayed", state: "queued" },
        );
      }
      const after = await statuses();
      expect(after.replaying).toBeUndefined();
      const found = await replayOf(id);
      expect(found?.replayed).toBe(5 - (after.open ?? 0));
      // What is open runs when it is asked for again, and once.
      if (after.open !== undefined) await replay({ all: true }, { at: 9000 });
      for (const one of ids) expect(await replayedTimes(one)).toBe(1);
      expect(await rows("SELECT id FROM deliveries WHERE event = 'ping'")).toHaveLength(1);
    },
  );
});

describe("a consumer that ends in the middle", () => {
  /** Round trips from the nth on are lost: on their way there, or on the way back. */
  const lostFrom = (trip: number, how: "before" | "after"): D1Database => {
    let trips = 0;
    return faulty(env.DB, () => (++trips >= trip ? how : "never"));
  };

  const points = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((trip) =>
    (["before", "after"] as const).map((how) => [trip, how] as const),
  );
  test.each(points)(
    "at round trip %i, lost %s D1, is gone on with once its lease has run out",
    async (trip, how) => {
      const repository = freshRepository();
      const ids = await dead(4, repository);
      await unrecorded([pullRequest(repository, 9)("opened", "a", 1), note("ping")]);
      const id = await order({ all: true });
      await step({ db: lostFrom(trip, how) }).catch(() => {});
      // Nobody else goes on with it before that.
      const held = await rows("SELECT id FROM replays WHERE lease_until IS NOT NULL");
      const between = await statuses();
      await step({ at: 4010 });
      if (held.length > 0) expect(await statuses()).toEqual(between);

      await workOff({ at: 4070 });

      expect(await statuses()).toEqual({ replayed: 6 });
      for (const one of ids) expect(await replayedTimes(one)).toBe(1);
      expect(await rows("SELECT id FROM deliveries WHERE event = 'ping'")).toHaveLength(1);
      expect(await replayOf(id)).toMatchObject({ status: "done", total: 6, replayed: 6, failed: 0 });
    },
  );

  test("does not keep other replays from going on", async () => {
    const [bad = ""] = await dead(1);
    const others = await dead(2, freshRepository());
    const first = await order({ ids: [deadLetterIdOf(bad)] });
    await order({ ids: others.map(deadLetterIdOf) });
    const db = intercept(env.DB, () => {});
    const broken = new Proxy(db, {
      get(target, name) {
        if (name !== "prepare") return Reflect.get(target, name);
        return (sql: string) => {
          const statement = target.prepare(sql);
          if (!sql.includes("ORDER BY died_at")) return statement;
          return new Proxy(statement, {
            get(inner, member) {
              if (member !== "bind") return Reflect.get(inner, member);
              return (...values: unknown[]) => {
                if (values.includes(first)) throw new Error("D1_ERROR: injected");
                return inner.bind(...values);
              };
            },
          });
        };
      },
    });
    await step({ db: broken });
    for (const id of others) expect((await validationOf(id)).state).toBe("queued");
    await workOff({ at: 4100 });
    expect((await validationOf(bad)).state).toBe("queued");
  });
});

describe("two consumers at once", () => {
  test("share replays, and run no dead letter twice", async () => {
    const ids = await dead(30);
    await unrecorded(Array.from({ length: 5 }, () => note("ping")));
    const id = await order({ all: true });
    await Promise.all([step(), step(), step(), step()]);
    await workOff({ at: 4100 });
    for (const one of ids) expect(await replayedTimes(one)).toBe(1);
    expect(await replayOf(id)).toMatchObject({ status: "done", total: 35, replayed: 35, failed: 0 });
  });

  test("one of which has lost its lease count each dead letter once", async () => {
    const ids = await dead(6);
    const id = await order({ all: true });
    let other: Promise<unknown> | undefined;
    // Between its reading and its writing the lease runs out, and the other goes on.
    let trips = 0;
    const slow = intercept(env.DB, async () => {
      if (++trips !== 3) return;
      other = step({ at: 4100 });
      await other;
    });
    await step({ db: slow });
    await other;
    await workOff({ at: 4200 });
    for (const one of ids) expect(await replayedTimes(one)).toBe(1);
    expect(await replayOf(id)).toMatchObject({ status: "done", total: 6, replayed: 6, failed: 0 });
  });

  test("and a push in between: the newer head wins", async () => {
    const repository = freshRepository();
    const [id = ""] = await dead(1, repository);
    await order({ all: true });
    let trips = 0;
    const slow = intercept(env.DB, async () => {
      if (++trips === 4) await record([pullRequest(repository, 1)("synchronize", "b", 5)]);
    });
    await step({ db: slow });
    expect((await validationOf(id)).state).toBe("dead");
    expect((await deadLetterOf(deadLetterIdOf(id))).outcome).toMatch(
      /^not run: superseded by a newer commit/,
    );
    expect(await dispatch(undefined, 5000)).toHaveLength(1);
  });
});
