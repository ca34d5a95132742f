import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { empty } from "../support/database.ts";
import { freshRepository, pullRequest, second } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { record, validationsOf } from "../support/recording.ts";
import { dead, expectInvariants, idOf, type Repository, replay, unrecorded } from "./support.ts";

beforeEach(empty);
afterEach(expectInvariants);

/** Dispatches one at a time, as where Grainchain has little room. @returns the ids in their order */
async function dispatchOneByOne(most: number): Promise<string[]> {
  const order: string[] = [];
  for (let calls = 0; calls < most; calls++) {
    const double = createDouble((call) => take(call));
    const { claimDue } = await import("@webhook-gateway/shared/store/claim/claim.ts");
    const claim = await claimDue(env.DB, {
      leaseId: crypto.randomUUID(),
      now: second(6000),
      leaseUntil: second(7000),
      limit: 1,
      maxConcurrent: 0,
      maxPerRepository: 0,
    });
    const [next] = claim.validations;
    if (next === undefined) break;
    order.push(next.id);
    expect(double.calls).toEqual([]);
  }
  return order;
}

const live = (repository: Repository, numbers: readonly number[]) =>
  record(numbers.map((number) => pullRequest(repository, number)("opened", "a", 1)));

describe("replayed work", () => {
  test("is dispatched behind live work, however much later that came", async () => {
    const repository = freshRepository();
    const deadLetters = await dead(20, repository);
    await replay({ all: true });
    const other = freshRepository();
    await live(repository, [101, 102]);
    await live(other, [1, 2]);
    const order = await dispatchOneByOne(30);
    expect(order.slice(0, 4).toSorted()).toEqual(
      [idOf(repository, 101), idOf(repository, 102), idOf(other, 1), idOf(other, 2)].toSorted(),
    );
    expect(order.slice(4).toSorted()).toEqual(deadLetters.toSorted());
  });

  test("in one call with live work comes behind it", async () => {
    const deadLetters = await dead(3);
    await replay({ all: true });
    const other = freshRepository();
    await live(other, [1]);
    const double = createDouble((call) => take(call));
    await dispatchDue(effectDeps(double, { clock: { nowMs: Date.parse(second(6000)) } }));
    expect(double.calls[0]?.requests.map((one) => one.client_request_id)).toEqual([
      idOf(other, 1),
      ...deadLetters,
    ]);
  });

  test("of several repositories takes turns", async () => {
    const many = freshRepository();
    const few = freshRepository();
    await dead(30, many);
    await replay({ all: true });
    await dead(3, few);
    await replay({ all: true }, { at: 5000 });
    const order = await dispatchOneByOne(33);
    const places = order.flatMap((id, place) => (id.startsWith(`${few.id}-`) ? [place] : []));
    expect(places).toHaveLength(3);
    expect(places[2]).toBeLessThanOrEqual(6);
  });

  test("takes turns whatever live work its repository had", async () => {
    const busy = freshRepository();
    const quiet = freshRepository();
    await dead(12, busy);
    await dead(12, quiet);
    await replay({ all: true });
    const order = await dispatchOneByOne(8);
    expect(order.filter((id) => id.startsWith(`${busy.id}-`))).toHaveLength(4);
  });

  test("takes turns with what is replayed after a part of it has run", async () => {
    const many = freshRepository();
    await dead(30, many);
    await replay({ all: true });
    await dispatchOneByOne(10);
    const few = freshRepository();
    await dead(2, few);
    await replay({ all: true }, { at: 5000 });
    const order = await dispatchOneByOne(20);
    const places = order.flatMap((id, place) => (id.startsWith(`${few.id}-`) ? [place] : []));
    expect(places).toHaveLength(2);
    expect(places[1]).toBeLessThanOrEqual(4);
  });

  test("of a repository that comes later is not all before what waits already", async () => {
    const many = freshRepository();
    await dead(30, many);
    await replay({ all: true });
    await dispatchOneByOne(10);
    const later = freshRepository();
    await dead(20, later);
    await replay({ all: true }, { at: 5000 });
    const order = await dispatchOneByOne(20);
    const places = order.flatMap((id, place) => (id.startsWith(`${many.id}-`) ? [place] : []));
    expect(places.length).toBeGreaterThanOrEqual(9);
    expect(places[0]).toBeLessThanOrEqual(2);
  });

  test.each([
    ["dispatches", (repository: Repository) => dead(40, repository)],
    [
      "facts",
      (repository: Repository) =>
        unrecorded(
          Array.from({ length: 40 }, (_, index) => pullRequest(repository, index + 1)("opened", "a", 1)),
        ),
    ],
  ])("of many %s costs its repository no turn of its live work", async (_, die) => {
    const repository = freshRepository();
    await die(repository);
    await replay({ all: true });
    const other = freshRepository();
    await live(other, [1, 2, 3, 4, 5, 6]);
    await live(repository, [101, 102, 103]);
    const order = await dispatchOneByOne(9);
    const places = order.flatMap((id, place) => (id.startsWith(`${repository.id}-`) ? [place] : []));
    // Of one turn, the others were there first.
    expect(places).toHaveLength(3);
    expect(places[0]).toBeLessThanOrEqual(2);
    expect(places[2]).toBeLessThanOrEqual(6);
  });

  test("leaves the turns of its repository's live work as they were", async () => {
    const repository = freshRepository();
    await dead(3, repository);
    await live(repository, [11, 12, 13]);
    const turns = async () => (await validationsOf(repository)).map(({ lane, turn }) => `${lane}.${turn}`);
    expect(await turns()).toEqual(["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]);
    await replay({ all: true });
    await live(repository, [14]);
    expect(await turns()).toEqual(["1.1", "1.2", "1.3", "0.4", "0.5", "0.6", "0.7"]);
  });

  test("is passed by a live run of the same pull request", async () => {
    const repository = freshRepository();
    const [id = ""] = await dead(1, repository);
    await replay({ all: true });
    await record([pullRequest(repository, 1)("synchronize", "b", 5)]);
    expect(await dispatchOneByOne(5)).toEqual([idOf(repository, 1, "b")]);
    expect(id).not.toBe("");
  });
});
