import { env } from "cloudflare:workers";
import { claimDue } from "@webhook-gateway/shared/store/claim/claim.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { empty, intercept, row, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { clockAt, createDouble, json, take } from "../support/grainchain.ts";
import { expectConsistent } from "../support/invariants.ts";
import { queued } from "../support/queued.ts";
import { record, setValidation, timelineOf, validationOf } from "../support/recording.ts";
import { dispatch, willing } from "./support.ts";

beforeEach(empty);

describe("while the call is under way", () => {
  async function meanwhile(
    happens: (id: string, repository: ReturnType<typeof freshRepository>) => Promise<unknown>,
    answer = take,
  ) {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const id = `${repository.id}-pr-12-${sha("a")}-1`;
    const double = createDouble(async (call) => {
      await happens(id, repository);
      return answer(call);
    });
    await dispatch(double);
    await expectConsistent(repository.id);
    return { id, repository };
  }
  const cancels = (id: string) =>
    rows("SELECT grainchain_id, status, reason FROM cancels WHERE validation_id = ?1", id);

  test("a validation that is closed is cancelled at Grainchain too", async () => {
    const { id } = await meanwhile((_id, repository) => record([pullRequest(repository)("closed", "a", 2)]));
    expect(await validationOf(id)).toMatchObject({
      state: "cancelled",
      grainchain_id: `grain-${id}`,
      attempts: 1,
    });
    expect(await cancels(id)).toEqual([
      { grainchain_id: `grain-${id}`, status: "due", reason: "cancelled while it was being dispatched" },
    ]);
  });

  test("a validation that is superseded is cancelled at Grainchain, and the newer one is not", async () => {
    const { id, repository } = await meanwhile((_id, { ...to }) =>
      record([pullRequest(to)("synchronize", "b", 2, { before: sha("a") })]),
    );
    expect((await validationOf(id)).state).toBe("superseded");
    expect(await cancels(id)).toHaveLength(1);
    const newer = `${repository.id}-pr-12-${sha("b")}-1`;
    expect(await cancels(newer)).toEqual([]);
  });

  test("a validation that is completed stays so", async () => {
    const { id } = await meanwhile((own, repository) =>
      record([callback(repository, own, "completed", { results: { n: 1 } })]),
    );
    expect(await validationOf(id)).toMatchObject({
      state: "completed",
      grainchain_id: `grain-${id}`,
      results: '{"n":1}',
    });
    expect(await cancels(id)).toEqual([]);
  });

  test("a validation that has failed keeps its error, and when it was last heard of", async () => {
    const { id } = await meanwhile((own, repository) =>
      record([callback(repository, own, "failed", { success: false, error: "no disk" })]),
    );
    expect(await validationOf(id)).toMatchObject({
      state: "failed",
      error: "no disk",
      heard_at: second(600),
      attempts: 1,
    });
    expect(await cancels(id)).toEqual([]);
  });

  test.each([
    [500, "running"],
    [429, "running"],
  ])("a validation that runs is not queued again by an answer of %d", async (status, state) => {
    const { id } = await meanwhile(
      (own, repository) => record([callback(repository, own, "running")]),
      () => json({}, status),
    );
    expect(await validationOf(id)).toMatchObject({ state, due_at: null });
  });

  test("a validation that is closed stays cancelled if the call fails", async () => {
    const { id } = await meanwhile(
      (_id, repository) => record([pullRequest(repository)("closed", "a", 2)]),
      () => json({}, 500),
    );
    expect(await validationOf(id)).toMatchObject({ state: "cancelled", attempts: 0 });
    expect(await cancels(id)).toEqual([]);
  });
});

describe("a lease", () => {
  test("counts as a change: what was decided without it is decided again", async () => {
    const repository = freshRepository();
    const [id = ""] = await queued(1, repository);
    let trips = 0;
    const db = intercept(env.DB, async () => {
      trips++;
      // Between the reading of the close and its commit.
      if (trips !== 2) return;
      const leased = { leaseId: "lease", now: second(3600), leaseUntil: second(3660) };
      await claimDue(env.DB, { ...leased, limit: 1, maxConcurrent: 0, maxPerRepository: 0 });
    });
    await record([pullRequest(repository, 1)("closed", "a", 2)], { db });
    expect((await timelineOf(id)).map(({ from_state, to_state }) => `${from_state}>${to_state}`)).toEqual([
      "null>queued",
      "queued>dispatching",
      "dispatching>cancelled",
    ]);
  });

  test("lasts for the call's time and 30 seconds more", async () => {
    const [id = ""] = await queued(1);
    const double = createDouble(async (call) => {
      expect(
        await row("SELECT state, lease_until, dispatched_at FROM validations WHERE id = ?1", id),
      ).toEqual({
        state: "dispatching",
        lease_until: second(3660),
        dispatched_at: second(3600),
      });
      return take(call);
    });
    await dispatch(double);
    expect((await validationOf(id)).state).toBe("pending");
  });

  test("that has run out costs an attempt, and the validation is sent again under the same key", async () => {
    const clock = clockAt(3600);
    const [id = ""] = await queued(1);
    let trips = 0;
    const dying = intercept(env.DB, () => {
      trips++;
      if (trips > 2) throw new Error("D1_ERROR: Network connection lost.");
    });
    const lost = willing();
    await expect(dispatch(lost, { clock, db: dying })).rejects.toThrow("Network connection lost");
    expect((await validationOf(id)).state).toBe("dispatching");
    clock.nowMs += 60_001;
    await dispatch(willing(), { clock });
    expect(await validationOf(id)).toMatchObject({ state: "queued", attempts: 1 });
    clock.nowMs += 5_000;
    const again = willing();
    await dispatch(again, { clock });
    expect(await validationOf(id)).toMatchObject({ state: "pending", attempts: 2 });
    expect(again.calls[0]?.headers.get("idempotency-key")).toBe(
      lost.calls[0]?.headers.get("idempotency-key"),
    );
  });

  test("whose outcome conflicts again and again is sent again, and nothing runs twice or is lost", async () => {
    const clock = clockAt(3600);
    const [id = ""] = await queued(1);
    const runs = new Set<string>();
    const idempotent = createDouble((call) => {
      runs.add(String(call.headers.get("idempotency-key")));
      return take(call);
    });
    // Before every commit of the outcome somebody else changes the validation.
    let commits = 0;
    const contested = intercept(env.DB, async () => {
      if (idempotent.calls.length === 0) return;
      commits++;
      await env.DB.prepare("UPDATE validations SET version = version + 1 WHERE id = ?1").bind(id).run();
    });
    vi.spyOn(Math, "random").mockReturnValue(0);
    const lines: string[] = [];
    const log = createLog({ debug: false, write: (_, line) => void lines.push(line) });
    await dispatch(idempotent, { clock, db: contested, log });
    expect(commits).toBeGreaterThanOrEqual(8);
    expect(lines.join("\n")).toContain("dispatch.conflicts");
    expect(await validationOf(id)).toMatchObject({ state: "dispatching", attempts: 0 });
    clock.nowMs += 60_001;
    await dispatch(idempotent, { clock });
    clock.nowMs += 5_000;
    await dispatch(idempotent, { clock });
    expect(idempotent.calls).toHaveLength(2);
    expect(runs.size).toBe(1);
    expect(await validationOf(id)).toMatchObject({ state: "pending", grainchain_id: `grain-${id}` });
  });

  test("that has not run out is left alone", async () => {
    const clock = clockAt(3600);
    const [id = ""] = await queued(1);
    await setValidation(id, { state: "dispatching", lease_id: "another", lease_until: second(3660) });
    clock.nowMs += 60_000;
    await dispatch(willing(), { clock });
    expect(await validationOf(id)).toMatchObject({ state: "dispatching", lease_id: "another", attempts: 0 });
  });

  test("of another dispatch is not ended by a late failure", async () => {
    const [id = ""] = await queued(1);
    const late = createDouble(async () => {
      await setValidation(id, { lease_id: "another", lease_until: second(9999) });
      return json({}, 500);
    });
    await dispatch(late);
    expect(await validationOf(id)).toMatchObject({ state: "dispatching", lease_id: "another", attempts: 0 });
  });

  test("that another has taken over is ended by a late acceptance", async () => {
    const [id = ""] = await queued(1);
    const late = createDouble(async (call) => {
      await setValidation(id, { lease_id: "another", lease_until: second(9999) });
      return take(call);
    });
    await dispatch(late);
    expect(await validationOf(id)).toMatchObject({ state: "pending", lease_id: null });
  });
});
