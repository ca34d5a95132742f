import { describe, expect, test } from "vitest";
import { rows } from "../support/database.ts";
import { callback, freshRepository, mergeGroup, push, second, sha } from "../support/facts.ts";
import {
  deliveryOf,
  outcomesOf,
  record,
  recordEach,
  timelineOf,
  validationsOf,
} from "../support/recording.ts";
import { A, B, states, subjectOf } from "./support.ts";

describe("a merge group", () => {
  test("is validated at its head", async () => {
    const repository = freshRepository();
    const fact = mergeGroup(repository, "checks_requested", "m");
    await record([fact]);
    const [validation] = await validationsOf(repository);
    expect(validation).toMatchObject({
      subject: `mg-${sha("m").slice(0, 12)}`,
      pr_number: 12,
      state: "queued",
      event: "merge_group",
    });
    expect(await deliveryOf(fact)).toMatchObject({ outcome: "started", validation_id: validation?.id });
  });

  test("is cancelled when destroyed, and only once", async () => {
    const repository = freshRepository();
    const facts = [
      mergeGroup(repository, "checks_requested", "m"),
      mergeGroup(repository, "destroyed", "m"),
      mergeGroup(repository, "destroyed", "m"),
    ];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "cancelled", "unchanged"]);
    expect((await validationsOf(repository)).map(({ state }) => state)).toEqual(["cancelled"]);
  });

  test("destroyed before its checks were requested starts nothing", async () => {
    const repository = freshRepository();
    const facts = [mergeGroup(repository, "destroyed", "m"), mergeGroup(repository, "checks_requested", "m")];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["recorded", "stale"]);
    expect(await validationsOf(repository)).toEqual([]);
  });

  test("leaves another merge group of the same pull request alone", async () => {
    const repository = freshRepository();
    await recordEach([
      mergeGroup(repository, "checks_requested", "m"),
      mergeGroup(repository, "checks_requested", "n"),
      mergeGroup(repository, "destroyed", "m"),
    ]);
    expect((await validationsOf(repository)).map(({ state }) => state)).toEqual(["cancelled", "queued"]);
  });
});

describe("a push", () => {
  test("is validated if its branch is among those to validate", async () => {
    const repository = freshRepository();
    const fact = push(repository, "a", "b", 1);
    await record([fact]);
    expect(await validationsOf(repository)).toMatchObject([
      {
        subject: "push-abababababab",
        pr_number: 0,
        head_sha: sha("b"),
        base_sha: sha("a"),
        event: "push",
        ref: "refs/heads/main",
      },
    ]);
    expect((await timelineOf(`${repository.id}-push-abababababab-${sha("b")}-1`))[0]?.reason).toBe(
      "queued by push",
    );
  });

  test("is ignored with the producer's reason if it is not", async () => {
    const repository = freshRepository();
    const fact = push(repository, "a", "b", 1, {
      validate: false,
      skip: "only pushes to branches are validated",
    });
    await record([fact]);
    expect(await deliveryOf(fact)).toMatchObject({
      outcome: "ignored",
      reason: "only pushes to branches are validated",
    });
    expect(await rows("SELECT * FROM subjects WHERE repository_id = ?1", repository.id)).toEqual([]);
  });

  test.each([
    ["in order", [0, 1, 2]],
    ["in reverse", [2, 1, 0]],
    ["the middle one last", [0, 2, 1]],
  ])("of one second ends at the branch's last head: %s", async (_name, order) => {
    const repository = freshRepository();
    const pushes = [
      push(repository, "a", "b", 1),
      push(repository, "b", "c", 1),
      push(repository, "c", "d", 1),
    ];
    await recordEach(order.flatMap((index) => pushes[index] ?? []));
    expect(await subjectOf(repository, "push-abababababab")).toMatchObject({ head_sha: sha("d") });
    const live = (await validationsOf(repository)).filter(({ state }) => state === "queued");
    expect(live.map(({ head_sha }) => head_sha)).toEqual([sha("d")]);
  });

  test("that is older starts nothing", async () => {
    const repository = freshRepository();
    const facts = [push(repository, "b", "c", 2), push(repository, "a", "b", 1)];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "stale"]);
  });

  test("that is older starts nothing, whatever branch point it came from and however late it is received", async () => {
    const repository = freshRepository();
    const facts = [
      push(repository, "b", "c", 2),
      { ...push(repository, "x", "y", 1), received_at: second(9) },
    ];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "stale"]);
    expect(await subjectOf(repository, "push-abababababab")).toMatchObject({ head_sha: sha("c") });
  });

  test("is placed by when it was received if GitHub does not say when it was", async () => {
    const repository = freshRepository();
    const facts = [
      { ...push(repository, "b", "c", null), received_at: second(2) },
      { ...push(repository, "x", "y", null), received_at: second(1) },
    ];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "stale"]);
  });

  test("runs again when it brings back a head whose run was superseded", async () => {
    const repository = freshRepository();
    const back = push(repository, "b", "a", 3);
    await recordEach([push(repository, "x", "a", 1), push(repository, "a", "b", 2), back]);
    expect(await deliveryOf(back)).toMatchObject({ outcome: "started" });
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${B}.1 superseded`, `${A}.2 queued`]);
  });

  test("supersedes what is in the way when it brings back a head that has a verdict", async () => {
    const repository = freshRepository();
    await record([push(repository, "x", "a", 1)]);
    await record([
      callback(repository, `${repository.id}-push-abababababab-${sha("a")}-1`, "completed", { pr_number: 0 }),
    ]);
    const back = push(repository, "b", "a", 3);
    await recordEach([push(repository, "a", "b", 2), back]);
    expect(await deliveryOf(back)).toMatchObject({ outcome: "unchanged" });
    expect(await states(repository)).toEqual([`${A}.1 completed`, `${B}.1 superseded`]);
  });
});
