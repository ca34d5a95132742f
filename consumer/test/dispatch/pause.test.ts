import { env } from "cloudflare:workers";
import { claimDue } from "@webhook-gateway/shared/store/claim/claim.ts";
import { LOOK_AHEAD } from "@webhook-gateway/shared/store/claim/set-aside.ts";
import { ALL_REPOSITORIES, endPause, startPause } from "@webhook-gateway/shared/store/pauses.ts";
import { loadOverview } from "@webhook-gateway/shared/store/read/overview.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectInvariants } from "../replay/support.ts";
import { count, empty, rows, rowsReadBy } from "../support/database.ts";
import { callback, freshRepository, second } from "../support/facts.ts";
import { createDouble, take } from "../support/grainchain.ts";
import { queued } from "../support/queued.ts";
import { record } from "../support/recording.ts";
import { asked, dispatch, states, willing } from "./support.ts";

beforeEach(empty);
afterEach(expectInvariants);

const command = (repositoryId: number) => ({
  ...{ id: crypto.randomUUID(), actor: "operator:ada", repositoryId, target: null },
});
const pause = (repositoryId: number, until: string | null = null) =>
  startPause(env.DB, command(repositoryId), { until, reason: null }, second(0));
const resume = (repositoryId: number) => endPause(env.DB, command(repositoryId), second(3600));
const setAside = () => count("SELECT count(*) FROM validations WHERE lane > 1");

describe("a pause", () => {
  test("of all repositories holds everything, until it is ended", async () => {
    const ids = await queued(3);
    await pause(ALL_REPOSITORIES);
    const double = willing();
    expect(await dispatch(double)).toEqual({ dispatched: 0, wakeAt: [] });
    expect(double.calls).toEqual([]);
    expect(await resume(ALL_REPOSITORIES)).toBe(true);
    expect(await resume(ALL_REPOSITORIES)).toBe(false);
    await dispatch(double);
    expect(double.calls.map(asked)).toEqual([ids]);
  });

  test("of one repository holds no other, and what it held goes on in its order", async () => {
    const repository = freshRepository();
    const held = await queued(120, repository);
    const others = await queued(30);
    await pause(repository.id);
    const double = willing();
    expect(await dispatch(double)).toMatchObject({ dispatched: 30 });
    expect(double.calls.flatMap(asked)).toEqual(others);
    const { waiting } = await loadOverview(env.DB, new Date(second(3600)));
    expect(waiting).toMatchObject({ live: 120, oldest_at: expect.any(String) });
    const later = await queued(2, repository, 121);
    await resume(repository.id);
    const after = willing();
    await dispatch(after);
    const sent = after.calls.flatMap(asked);
    expect(sent.filter((id) => !later.includes(id))).toEqual(held);
    expect(sent).toHaveLength(122);
    expect(await setAside()).toBe(0);
  });

  test.each([
    ["one repository", (id: number) => id],
    ["all repositories", () => ALL_REPOSITORIES],
  ])("of %s ends by itself", async (_, which) => {
    const repository = freshRepository();
    const ids = await queued(2, repository);
    await pause(which(repository.id), second(3601));
    await dispatch(willing());
    expect(await states(ids)).toEqual(["queued", "queued"]);
    await dispatch(willing(), { clock: { nowMs: Date.parse(second(3601)) } });
    expect(await states(ids)).toEqual(["pending", "pending"]);
  });

  test("that is over gives its repository turns beside the others', and not before them", async () => {
    const paused = freshRepository();
    await queued(200, paused);
    await pause(paused.id);
    await queued(300);
    await dispatch(willing());
    await resume(paused.id);
    const others = await queued(100);
    const double = willing();
    await dispatch(double);
    const first = asked(double.calls[0]);
    expect(first.filter((id) => others.includes(id))).toHaveLength(50);
  });

  test("costs a claim nothing once what it holds is set aside", async () => {
    const paused = freshRepository();
    await queued(2 * LOOK_AHEAD, paused);
    await pause(paused.id);
    const [other = ""] = await queued(1);
    expect(await dispatch(willing())).toMatchObject({ dispatched: 1 });
    expect(await states([other])).toEqual(["pending"]);
    expect(await setAside()).toBe(2 * LOOK_AHEAD);
    const lease = { leaseId: "lease", now: second(3600), leaseUntil: second(3700), limit: 100 };
    const claim = () => rowsReadBy((db) => claimDue(db, { ...lease, maxConcurrent: 0, maxPerRepository: 0 }));
    expect(await claim()).toBeLessThan(50);
  });
});

describe("GRAINCHAIN_MAX_CONCURRENT_PER_REPOSITORY", () => {
  const limit = (maxPerRepository: number) => ({ config: { maxPerRepository } });

  test("caps what one repository has under way, also with two dispatches at once", async () => {
    const [one, two] = [freshRepository(), freshRepository()];
    const ids = await queued(7, one);
    await queued(2, two);
    const double = willing();
    await Promise.all([1, 2].map(() => dispatch(double, limit(3))));
    expect(double.calls.flatMap(asked)).toHaveLength(5);
    expect(await states(ids)).toEqual([...Array(3).fill("pending"), ...Array(4).fill("queued")]);
  });

  test("lets on the next as soon as one has ended, in order, replayed work last", async () => {
    const repository = freshRepository();
    const ids = await queued(6, repository);
    await env.DB.prepare("UPDATE validations SET lane = 1 WHERE id = ?1").bind(ids[1]).run();
    const order: string[] = [];
    for (let round = 0; round < ids.length; round++) {
      const double = willing();
      await dispatch(double, limit(1));
      await dispatch(double, limit(1));
      expect(double.calls.flatMap(asked)).toHaveLength(1);
      order.push(...double.calls.flatMap(asked));
      await record([callback(repository, order.at(-1) ?? "", "completed")]);
    }
    const [first, replayed, ...live] = ids;
    expect(order).toEqual([first, ...live, replayed]);
    expect(await rows("SELECT DISTINCT lane FROM validations ORDER BY lane")).toEqual([
      { lane: 0 },
      { lane: 1 },
    ]);
  });

  test("that is raised or removed lets the rest on", async () => {
    const ids = await queued(5);
    await dispatch(willing(), limit(1));
    await dispatch(willing(), limit(3));
    expect((await states(ids)).filter((state) => state === "pending")).toHaveLength(3);
    await dispatch(willing());
    expect(new Set(await states(ids))).toEqual(new Set(["pending"]));
  });

  test("costs a claim what is under way, and nothing of what waits", async () => {
    const repository = freshRepository();
    await queued(2 * LOOK_AHEAD, repository);
    await dispatch(willing(), limit(10));
    const lease = { leaseId: "lease", now: second(3600), leaseUntil: second(3700), limit: 100 };
    const read = await rowsReadBy((db) => claimDue(db, { ...lease, maxConcurrent: 0, maxPerRepository: 10 }));
    expect(read).toBeLessThan(150);
  });

  test("costs a claim nothing while there is none", async () => {
    await queued(300);
    await dispatch(willing());
    const lease = { leaseId: "lease", now: second(3600), leaseUntil: second(3700), limit: 100 };
    const claim = () => rowsReadBy((db) => claimDue(db, { ...lease, maxConcurrent: 0, maxPerRepository: 0 }));
    expect(await claim()).toBeLessThan(50);
  });

  test("leaves a refused run where it was", async () => {
    const ids = await queued(3);
    const full = createDouble((call) => take(call, () => undefined));
    await dispatch(full, limit(2));
    expect(new Set(await states(ids))).toEqual(new Set(["queued"]));
    await dispatch(willing(), { ...limit(2), clock: { nowMs: Date.parse(second(3700)) } });
    expect((await states(ids)).filter((state) => state === "pending")).toHaveLength(2);
  });
});
