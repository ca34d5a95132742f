import { FACT_VERSION, type Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { count, empty, rows } from "../support/database.ts";
import { freshRepository, pullRequest, second } from "../support/facts.ts";
import {
  cancel,
  dead,
  deadLetterIdOf,
  expectInvariants,
  idOf,
  order,
  type Repository,
  replayOf,
  START,
} from "./support.ts";
import { startWorld, type World } from "./world.ts";

beforeEach(empty);
afterEach(expectInvariants);

const request = (): Fact => ({
  v: FACT_VERSION,
  kind: "request",
  id: crypto.randomUUID(),
  received_at: second(START),
});

const ended = (id: string) => async () => (await replayOf(id))?.status !== "running";
const open = () => count("SELECT count(*) FROM validations WHERE state = 'queued'");
const requestsOf = (world: World): number => world.sent.filter(({ kind }) => kind === "request").length;

/** How often each validation was asked for at Grainchain. */
function asked(world: World): Map<string, number> {
  const times = new Map<string, number>();
  for (const { requests } of world.calls) {
    for (const { client_request_id: id } of requests) times.set(id, (times.get(id) ?? 0) + 1);
  }
  return times;
}

const MANY = 300;

describe(`${MANY} dead letters at 600 a minute`, () => {
  /** A push every so often, each of a pull request of its own. */
  async function live(world: World, repository: Repository, number: number): Promise<string> {
    await world.record([pullRequest(repository, number)("opened", "a", 1)]);
    return idOf(repository, number);
  }

  test("run once each, in time, with live work before them", async () => {
    const repository = freshRepository();
    const deadLetters = await dead(MANY, repository);
    const id = await order({ all: true }, { rate: 600 });
    const world = startWorld({ at: START });
    await world.record([request()]);
    const pushed: string[] = [];
    await world.until(async () => {
      if (pushed.length < 15) pushed.push(await live(world, repository, 2000 + pushed.length));
      return ended(id)();
    });
    await world.until(async () => (await open()) === 0);

    expect(await replayOf(id)).toMatchObject({ status: "done", total: MANY, replayed: MANY, failed: 0 });
    // 50 come at once, the others ten a second.
    expect(world.seconds()).toBeGreaterThanOrEqual(24);
    expect(world.seconds()).toBeLessThan(60);
    const times = asked(world);
    expect([...times.keys()].toSorted()).toEqual([...deadLetters, ...pushed].toSorted());
    expect([...times.values()].every((one) => one === 1)).toBe(true);
    const isLive = new Set(pushed);
    for (const { requests } of world.calls) {
      const lanes = requests.map((one) => (isLive.has(one.client_request_id) ? 0 : 1));
      expect(lanes).toEqual(lanes.toSorted((a, b) => a - b));
    }
    // One wake-up a batch, with the cron's: they do not multiply.
    expect(requestsOf(world)).toBeLessThan(60);
  });

  test("of which half is cancelled run half, and the rest later", async () => {
    const deadLetters = await dead(MANY);
    const id = await order({ all: true }, { rate: 600 });
    const world = startWorld({ at: START });
    await world.record([request()]);
    await world.until(
      async () => (await count("SELECT count(*) FROM dead_letters WHERE status = 'replayed'")) >= MANY / 2,
    );
    const cancelled = await cancel(id, START + world.seconds());
    await world.until(async () => (await open()) === 0);
    const half = asked(world).size;
    expect(cancelled).toMatchObject({ status: "cancelled", total: MANY, replayed: half });
    expect(half).toBeLessThan(MANY * 0.75);

    const again = await order({ all: true }, { rate: 600, at: START + world.seconds() });
    expect(await replayOf(again)).toMatchObject({ total: MANY - half });
    await world.record([request()]);
    await world.until(ended(again));
    await world.until(async () => (await open()) === 0);
    expect([...asked(world)].toSorted()).toEqual(deadLetters.map((one) => [one, 1]).toSorted());
  });
});

describe("a replay", () => {
  test("of which every wake-up is lost is worked off by the cron", async () => {
    const deadLetters = await dead(30);
    const id = await order({ all: true }, { rate: 600 });
    const world = startWorld({ at: START, loses: () => true });
    await world.record([request()]);
    await world.until(ended(id));
    await world.until(async () => (await open()) === 0);
    expect([...asked(world).keys()].toSorted()).toEqual(deadLetters.toSorted());
  });

  test("without a wake-up is found by the cron, and then goes on by itself", async () => {
    await dead(30);
    const id = await order({ all: true }, { rate: 60 });
    const world = startWorld({ at: START });
    await world.until(ended(id));
    expect(world.seconds()).toBeLessThan(60 + 30);
    expect(await replayOf(id)).toMatchObject({ status: "done", replayed: 30 });
  });

  test("at one dead letter a minute keeps one wake-up under way, however long it takes", async () => {
    await dead(12);
    const id = await order({ all: true }, { rate: 1 });
    const world = startWorld({ at: START });
    await world.record([request()]);
    await world.until(ended(id));
    expect(world.seconds()).toBeGreaterThanOrEqual(10 * 60);
    expect(requestsOf(world)).toBeLessThanOrEqual(13);
  });

  test("whose work dies again still ends, and its dead letters are open", async () => {
    const deadLetters = await dead(5);
    const id = await order({ all: true });
    const world = startWorld({ at: START, refuses: (one) => deadLetters.slice(0, 2).includes(one) });
    await world.record([request()]);
    await world.until(ended(id));
    await world.until(async () => (await open()) === 0);
    expect(await rows("SELECT id, outcome FROM dead_letters WHERE status = 'open' ORDER BY id")).toEqual(
      deadLetters
        .slice(0, 2)
        .map((one) => ({ id: deadLetterIdOf(one), outcome: "replayed, and dead again" }))
        .toSorted((a, b) => a.id.localeCompare(b.id)),
    );
  });
});
