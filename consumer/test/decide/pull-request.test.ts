import { describe, expect, test } from "vitest";
import { row, rows } from "../support/database.ts";
import { callback, freshRepository, note, pullRequest, second, sha } from "../support/facts.ts";
import {
  deliveryOf,
  outcomesOf,
  record,
  recordEach,
  setValidation,
  timelineOf,
  validationOf,
  validationsOf,
} from "../support/recording.ts";
import { A, B, C, states, subjectOf } from "./support.ts";

describe("a pull request", () => {
  test.each(["opened", "synchronize", "reopened", "ready_for_review", "edited"] as const)(
    "starts a validation of its head when first seen: %s",
    async (action) => {
      const repository = freshRepository();
      const fact = pullRequest(repository)(action, "a", 1);
      await record([fact]);
      const id = `${repository.id}-pr-12-${sha("a")}-1`;
      expect(await deliveryOf(fact)).toMatchObject({ outcome: "started", reason: null, validation_id: id });
      expect(await validationOf(id)).toMatchObject({
        state: "queued",
        conclusion: null,
        repository: repository.full_name,
        event: "pull_request",
        pr_number: 12,
        pr_url: `https://github.com/${repository.full_name}/pull/12`,
        clone_url: repository.clone_url,
        ref: "topic",
        base_sha: sha("base"),
        run: 1,
        attempts: 0,
        delivery_id: fact.id,
        created_at: second(3600),
      });
      expect(await timelineOf(id)).toEqual([
        {
          from_state: null,
          to_state: "queued",
          reason: `queued by pull_request ${action}`,
          delivery_id: fact.id,
          results: null,
        },
      ]);
      expect(await row("SELECT status, state FROM reports WHERE validation_id = ?1", id)).toEqual({
        status: "due",
        state: "queued",
      });
    },
  );

  test("is superseded by a newer head", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [pr("opened", "a", 1), pr("synchronize", "b", 2, { before: sha("a") })];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${B}.1 queued`]);
    expect((await timelineOf(`${repository.id}-pr-12-${sha("a")}-1`)).at(-1)).toMatchObject({
      from_state: "queued",
      to_state: "superseded",
      reason: `superseded by ${sha("b").slice(0, 12)}`,
      delivery_id: facts[1]?.id,
    });
  });

  test("keeps the newer head when an older synchronize arrives late", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [
      pr("synchronize", "c", 3, { before: sha("b") }),
      pr("synchronize", "b", 2, { before: sha("a") }),
      pr("opened", "a", 1),
    ];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "stale", "stale"]);
    expect(await states(repository)).toEqual([`${C}.1 queued`]);
    expect(await subjectOf(repository)).toMatchObject({ head_sha: sha("c"), state: "open", at: second(3) });
  });

  test("starts nothing for another event of a head that has its validation", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [pr("opened", "a", 1), pr("ready_for_review", "a", 2)];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "unchanged"]);
    expect((await deliveryOf(facts[1] ?? note("ping"))).validation_id).toBe(
      `${repository.id}-pr-12-${sha("a")}-1`,
    );
    expect(await states(repository)).toEqual([`${A}.1 queued`]);
  });

  test("starts nothing for another event of a head whose validation was cancelled", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const id = `${repository.id}-pr-12-${sha("a")}-1`;
    const again = pr("ready_for_review", "a", 2);
    await recordEach([pr("opened", "a", 1), callback(repository, id, "cancelled"), again]);
    expect(await deliveryOf(again)).toMatchObject({ outcome: "unchanged", validation_id: id });
    expect(await states(repository)).toEqual([`${A}.1 cancelled`]);
  });

  test.each(["queued", "dispatching", "pending", "running"])(
    "cancels what is %s when it is closed",
    async (state) => {
      const repository = freshRepository();
      const pr = pullRequest(repository);
      await record([pr("opened", "a", 1)]);
      const id = `${repository.id}-pr-12-${sha("a")}-1`;
      const grainchainId = state === "pending" || state === "running" ? "grain-1" : null;
      await setValidation(id, { state, grainchain_id: grainchainId });
      const closed = pr("closed", "a", 2);
      await record([closed]);
      expect(await deliveryOf(closed)).toMatchObject({
        outcome: "cancelled",
        reason: "pull request closed",
        validation_id: id,
      });
      expect(await validationOf(id)).toMatchObject({
        state: "cancelled",
        lease_id: null,
        finished_at: second(3600),
      });
      expect(await rows("SELECT grainchain_id, status FROM cancels WHERE validation_id = ?1", id)).toEqual(
        grainchainId === null ? [] : [{ grainchain_id: grainchainId, status: "due" }],
      );
    },
  );

  test("records a close if nothing is under way", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [pr("closed", "a", 2), pr("opened", "a", 1)];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["recorded", "stale"]);
    expect(await states(repository)).toEqual([]);
    expect(await subjectOf(repository)).toMatchObject({ state: "closed" });
  });

  test("runs again when it is reopened after a cancel", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [pr("opened", "a", 1), pr("closed", "a", 2), pr("reopened", "a", 3)];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "cancelled", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 cancelled`, `${A}.2 queued`]);
  });

  test.each(["ready_for_review", "edited", "synchronize"] as const)(
    "runs again when the reopen after a cancel is overtaken by: %s",
    async (action) => {
      const repository = freshRepository();
      const pr = pullRequest(repository);
      const facts = [pr("opened", "a", 1), pr("closed", "a", 2), pr(action, "a", 4), pr("reopened", "a", 3)];
      await recordEach(facts);
      expect(await outcomesOf(facts)).toEqual(["started", "cancelled", "started", "stale"]);
      expect(await states(repository)).toEqual([`${A}.1 cancelled`, `${A}.2 queued`]);
    },
  );

  test("starts nothing when it is reopened and its head has a verdict", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    await record([callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed")]);
    const facts = [pr("closed", "a", 2), pr("reopened", "a", 3)];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["recorded", "unchanged"]);
    expect(await states(repository)).toEqual([`${A}.1 completed`]);
  });

  test("runs for the head that it is reopened with", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [pr("opened", "a", 1), pr("closed", "a", 2), pr("reopened", "b", 3)];
    await recordEach(facts);
    expect(await states(repository)).toEqual([`${A}.1 cancelled`, `${B}.1 queued`]);
  });

  test("runs again when a force push brings back a head whose run was superseded", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await recordEach([
      pr("opened", "a", 1),
      pr("synchronize", "b", 2, { before: sha("a") }),
      pr("synchronize", "a", 3, { before: sha("b") }),
    ]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${B}.1 superseded`, `${A}.2 queued`]);
  });

  test("supersedes what is in the way when a force push brings back a head that has a verdict", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    await record([callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed")]);
    const back = pr("synchronize", "a", 3, { before: sha("b") });
    await recordEach([pr("synchronize", "b", 2, { before: sha("a") }), back]);
    expect(await states(repository)).toEqual([`${A}.1 completed`, `${B}.1 superseded`]);
    expect(await deliveryOf(back)).toMatchObject({ outcome: "unchanged" });
  });

  test("runs anew for each change of its base, once", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [
      pr("opened", "a", 1),
      pr("edited", "a", 2, { base_sha: sha("base 2") }),
      pr("edited", "a", 2, { base_sha: sha("base 2") }),
      pr("edited", "a", 3, { base_sha: sha("base 3") }),
    ];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "started", "unchanged", "started"]);
    expect(await validationsOf(repository)).toMatchObject([
      { run: 1, state: "superseded", base_sha: sha("base") },
      { run: 2, state: "superseded", base_sha: sha("base 2"), cause: `base changed at ${second(2)}` },
      { run: 3, state: "queued", base_sha: sha("base 3"), cause: `base changed at ${second(3)}` },
    ]);
  });

  test("runs anew for a changed base although the head has a verdict", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    await record([callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed")]);
    await record([pr("edited", "a", 2, { base_sha: sha("base 2") })]);
    expect(await states(repository)).toEqual([`${A}.1 completed`, `${A}.2 queued`]);
  });

  test("starts nothing for a changed base while it is closed", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const edited = pr("edited", "a", 3, { open: false });
    await recordEach([pr("opened", "a", 1), pr("closed", "a", 2), edited]);
    expect(await deliveryOf(edited)).toMatchObject({ outcome: "recorded" });
    expect(await states(repository)).toEqual([`${A}.1 cancelled`]);
  });

  test("keeps pull requests of one number in two repositories apart", async () => {
    const [one, two] = [freshRepository(), freshRepository()];
    await record([pullRequest(one)("opened", "a", 1), pullRequest(two)("opened", "a", 1)]);
    await record([pullRequest(one)("closed", "a", 2)]);
    expect(await states(one)).toEqual([`${A}.1 cancelled`]);
    expect(await states(two)).toEqual([`${A}.1 queued`]);
  });

  test("keeps two pull requests of one head apart", async () => {
    const repository = freshRepository();
    await record([
      pullRequest(repository, 1)("opened", "a", 1),
      pullRequest(repository, 2)("opened", "a", 1),
    ]);
    await record([pullRequest(repository, 1)("closed", "a", 2)]);
    expect((await validationsOf(repository)).map(({ subject, state }) => [subject, state])).toEqual([
      ["pr-1", "cancelled"],
      ["pr-2", "queued"],
    ]);
  });
});
