import { beforeAll, describe, expect, test } from "vitest";
import { migrate, row, rows } from "./support/database.ts";
import {
  callback,
  command,
  freshRepository,
  mergeGroup,
  note,
  pullRequest,
  push,
  rerun,
  second,
  sha,
} from "./support/facts.ts";
import {
  deliveryOf,
  outcomesOf,
  record,
  recordEach,
  setValidation,
  timelineOf,
  validationOf,
  validationsOf,
} from "./support/recording.ts";

beforeAll(migrate);

const states = async (repository: { readonly id: number }) =>
  (await validationsOf(repository)).map(
    ({ head_sha, run, state }) => `${head_sha.slice(0, 2)}.${run} ${state}`,
  );

interface StoredSubject {
  readonly head_sha: string;
  readonly base_sha: string;
  readonly state: string;
  readonly at: string;
}
const subjectOf = (repository: { readonly id: number }, subject = "pr-12"): Promise<StoredSubject> =>
  row("SELECT * FROM subjects WHERE repository_id = ?1 AND subject = ?2", repository.id, subject);

/** Heads are named by a letter; its code in hexadecimal begins the SHA. */
const [A, B, C] = ["61", "62", "63"];

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

  test("records a close where nothing is under way", async () => {
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

  test("are ignored where the operator says so, until they are ready", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [
      pr("opened", "a", 1, { draft: true }),
      pr("synchronize", "b", 2, { draft: true, before: sha("a") }),
      pr("ready_for_review", "b", 3),
    ];
    await recordEach(facts, { policy: { validateDrafts: false } });
    expect(await outcomesOf(facts)).toEqual(["ignored", "ignored", "started"]);
    expect(await deliveryOf(facts[0] ?? note("ping"))).toMatchObject({ reason: "drafts are not validated" });
    expect(await states(repository)).toEqual([`${B}.1 queued`]);
  });

  test("still supersede the run of an older head", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [pr("opened", "a", 1), pr("synchronize", "b", 2, { draft: true, before: sha("a") })];
    await recordEach(facts, { policy: { validateDrafts: false } });
    expect(await states(repository)).toEqual([`${A}.1 superseded`]);
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
  test("is validated where its branch is among those to validate", async () => {
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

  test("is ignored with the producer's reason where it is not", async () => {
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
});

describe("a re-run asked for on GitHub", () => {
  test("is a new run where the check is this App's", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    await record([callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed")]);
    const facts = [rerun(repository, "a"), rerun(repository, "a", 77, "check_suite")];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 completed`, `${A}.2 superseded`, `${A}.3 queued`]);
  });

  test.each([
    ["another App's", 78, 77],
    ["nobody's", null, 77],
    ["an App's where none is configured", 77, null],
    ["nobody's where none is configured", null, null],
  ])("is ignored where the check is %s", async (_name, app, githubAppId) => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const fact = rerun(repository, "a", app);
    await record([fact], { policy: { githubAppId } });
    expect(await deliveryOf(fact)).toMatchObject({
      outcome: "ignored",
      reason: "the check belongs to another app",
    });
    expect(await states(repository)).toEqual([`${A}.1 queued`]);
  });

  test("is of an unknown subject where no open one has this head", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [rerun(repository, "a"), rerun(repository, "b")];
    await recordEach([pr("opened", "b", 1), pr("closed", "b", 2), ...facts]);
    expect(await outcomesOf(facts)).toEqual(["unknown_subject", "unknown_subject"]);
  });

  test("finds the subject that the same batch opened", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1), rerun(repository, "a")]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${A}.2 queued`]);
  });
});

describe("a command in a comment", () => {
  test("is a new run, once a comment", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const facts = [
      command(repository, "validate", 12, 500),
      command(repository, "validate", 12, 500),
      command(repository, "validate", 12, 501),
    ];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "unchanged", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${A}.2 superseded`, `${A}.3 queued`]);
  });

  test("runs even a draft", async () => {
    const repository = freshRepository();
    const fact = command(repository, "validate");
    await recordEach([pullRequest(repository)("opened", "a", 1, { draft: true }), fact], {
      policy: { validateDrafts: false },
    });
    expect(await outcomesOf([fact])).toEqual(["started"]);
  });

  test("cancels", async () => {
    const repository = freshRepository();
    const facts = [
      command(repository, "cancel"),
      command(repository, "cancel"),
      command(repository, "validate"),
    ];
    await record([pullRequest(repository)("opened", "a", 1)]);
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["cancelled", "recorded", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 cancelled`, `${A}.2 queued`]);
  });

  test.each(["validate", "cancel"] as const)(
    "to %s a pull request never seen changes nothing",
    async (name) => {
      const repository = freshRepository();
      const fact = command(repository, name);
      await record([fact]);
      expect(await deliveryOf(fact)).toMatchObject({ outcome: "unknown_subject" });
      expect(await validationsOf(repository)).toEqual([]);
    },
  );

  test("to validate a closed pull request is ignored", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const fact = command(repository, "validate");
    await recordEach([pr("opened", "a", 1), pr("closed", "a", 2), fact]);
    expect(await deliveryOf(fact)).toMatchObject({
      outcome: "ignored",
      reason: "the pull request is closed",
    });
  });

  test("knows the pull request that the same batch opened", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1), command(repository, "cancel")]);
    expect(await states(repository)).toEqual([`${A}.1 cancelled`]);
  });
});

test.each(["ping", "installation", "installation_repositories", "repository"])(
  "%s is recorded",
  async (event) => {
    const facts = [note(event), note(event, freshRepository())];
    await record(facts);
    expect(await outcomesOf(facts)).toEqual(["recorded", "recorded"]);
  },
);

test("keeps everything of a delivery that scripts rely on", async () => {
  const repository = freshRepository();
  const fact = { ...pullRequest(repository)("opened", "a", 1), received_at: second(7), sender: 'o\'cat "x"' };
  await record([fact]);
  expect(await row("SELECT * FROM deliveries WHERE id = ?1", fact.id)).toEqual({
    id: fact.id,
    event: "pull_request",
    action: "opened",
    repository_id: repository.id,
    repository: repository.full_name,
    sender: 'o\'cat "x"',
    received_at: second(7),
    recorded_at: second(3600),
    outcome: "started",
    reason: null,
    validation_id: `${repository.id}-pr-12-${sha("a")}-1`,
    occurred_at: second(1),
    delivered_at: null,
    throttled_at: null,
    recovered_at: null,
  });
});
