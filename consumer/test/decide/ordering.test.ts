import { describe, expect, test } from "vitest";
import { rows } from "../support/database.ts";
import { freshRepository, note, pullRequest, sha } from "../support/facts.ts";
import {
  deliveryOf,
  outcomesOf,
  record,
  recordEach,
  setValidation,
  validationOf,
  validationsOf,
} from "../support/recording.ts";
import { A, B, states, subjectOf } from "./support.ts";

describe("events of one second", () => {
  const at = 5;
  const edge = (before: string) => ({ before: sha(before) });
  const pr = pullRequest(freshRepository());
  type Step = readonly [Parameters<typeof pr>[0], string, Parameters<typeof pr>[3]?];
  const table: readonly (readonly [string, readonly Step[], "open" | "closed", string])[] = [
    [
      "a close before the reopen",
      [
        ["closed", "a"],
        ["reopened", "a"],
      ],
      "open",
      "a",
    ],
    [
      "a close after the reopen that it preceded",
      [
        ["reopened", "a"],
        ["closed", "a"],
      ],
      "open",
      "a",
    ],
    [
      "a push after the close that followed it",
      [
        ["closed", "b"],
        ["synchronize", "b", edge("a")],
      ],
      "closed",
      "b",
    ],
    [
      "a push before the close",
      [
        ["synchronize", "b", edge("a")],
        ["closed", "b"],
      ],
      "closed",
      "b",
    ],
    [
      "a push that overtook close and reopen",
      [
        ["synchronize", "b", edge("a")],
        ["closed", "a"],
        ["reopened", "a"],
      ],
      "open",
      "b",
    ],
    [
      "a push that overtook reopen and close",
      [
        ["synchronize", "b", edge("a")],
        ["reopened", "a"],
        ["closed", "a"],
      ],
      "open",
      "b",
    ],
    [
      "a push that overtook the reopen",
      [
        ["closed", "a"],
        ["synchronize", "b", edge("a")],
        ["reopened", "a"],
      ],
      "open",
      "b",
    ],
    [
      "a close overtaken by reopen and push",
      [
        ["reopened", "a"],
        ["synchronize", "b", edge("a")],
        ["closed", "a"],
      ],
      "open",
      "b",
    ],
    [
      "a close overtaken by the reopen",
      [
        ["reopened", "a"],
        ["closed", "a"],
        ["synchronize", "b", edge("a")],
      ],
      "open",
      "b",
    ],
    [
      "a close overtaken by another event",
      [
        ["reopened", "a"],
        ["ready_for_review", "a"],
        ["closed", "a"],
      ],
      "open",
      "a",
    ],
    [
      "a second close, after the reopen and the close that it overtook",
      [
        ["reopened", "a"],
        ["closed", "a"],
        ["closed", "a"],
      ],
      "closed",
      "a",
    ],
    [
      "all in order",
      [
        ["closed", "a"],
        ["reopened", "a"],
        ["synchronize", "b", edge("a")],
      ],
      "open",
      "b",
    ],
  ];
  test.each(table)("end the same: %s", async (_name, steps, state, head) => {
    const repository = freshRepository();
    const event = pullRequest(repository);
    await record([event("opened", "a", 1)]);
    await recordEach(steps.map(([action, to, change]) => event(action, to, at, change)));
    expect(await subjectOf(repository)).toMatchObject({ state, head_sha: sha(head) });
    const live = (await validationsOf(repository)).filter((one) => one.state === "queued");
    expect(live.map((one) => one.head_sha)).toEqual(state === "open" ? [sha(head)] : []);
  });

  test("keep open what was first seen by a reopen that overtook its close", async () => {
    const repository = freshRepository();
    const event = pullRequest(repository);
    await recordEach([event("reopened", "a", 5), event("closed", "a", 5), event("opened", "a", 1)]);
    expect(await subjectOf(repository)).toMatchObject({ state: "open" });
    expect(await states(repository)).toEqual([`${A}.1 queued`]);
  });

  test("still let a close of a later second than its reopen's close win", async () => {
    const repository = freshRepository();
    const event = pullRequest(repository);
    await recordEach([
      event("opened", "a", 1),
      event("reopened", "a", 3),
      event("closed", "a", 2),
      event("closed", "a", 4),
    ]);
    expect(await subjectOf(repository)).toMatchObject({ state: "closed" });
    expect(await states(repository)).toEqual([`${A}.1 cancelled`]);
  });
});

describe("drafts", () => {
  test("are validated by default", async () => {
    const repository = freshRepository();
    const fact = pullRequest(repository)("opened", "a", 1, { draft: true });
    await record([fact]);
    expect(await outcomesOf([fact])).toEqual(["started"]);
  });

  test("are skipped if the operator says so, until they are ready", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [
      pr("opened", "a", 1, { draft: true }),
      pr("synchronize", "b", 2, { draft: true, before: sha("a") }),
      pr("ready_for_review", "b", 3),
    ];
    await recordEach(facts, { policy: { validateDrafts: false } });
    expect(await outcomesOf(facts)).toEqual(["skipped", "skipped", "started"]);
    expect(await deliveryOf(facts[0] ?? note("ping"))).toMatchObject({ reason: "drafts are not validated" });
    expect(await states(repository)).toEqual([`${A}.1 skipped`, `${B}.1 skipped`, `${B}.2 queued`]);
  });

  test("still supersede the run of an older head", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [pr("opened", "a", 1), pr("synchronize", "b", 2, { draft: true, before: sha("a") })];
    await recordEach(facts, { policy: { validateDrafts: false } });
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${B}.1 skipped`]);
  });
});

describe("superseding", () => {
  test.each([
    [true, "queued", "superseded", 0],
    [true, "running", "superseded", 1],
    [false, "queued", "superseded", 0],
    [false, "pending", "pending", 0],
    [false, "running", "running", 0],
  ])("with CANCEL_SUPERSEDED=%s leaves what is %s as %s", async (cancelSuperseded, state, after, cancels) => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    const id = `${repository.id}-pr-12-${sha("a")}-1`;
    await setValidation(id, { state, grainchain_id: state === "queued" ? null : "grain-2" });
    await record([pr("synchronize", "b", 2, { before: sha("a") })], { policy: { cancelSuperseded } });
    expect((await validationOf(id)).state).toBe(after);
    expect(await rows("SELECT * FROM cancels WHERE validation_id = ?1", id)).toHaveLength(cancels);
  });
});
