import type { PullRequestChange } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import type { DeliveryPolicy } from "../../../src/decide/context.ts";
import { rows } from "../../support/database.ts";
import { callback, command, freshRepository, pullRequest, rerun, second, sha } from "../../support/facts.ts";
import { deliveryOf, outcomesOf, recordEach, validationsOf } from "../../support/recording.ts";
import { A, B, states } from "../support.ts";

const FORK: Partial<PullRequestChange> = {
  fork: true,
  head_repository: "mallory/widgets",
  author: "mallory",
  author_association: "CONTRIBUTOR",
};

/** A comment of a member where GitHub cannot be asked. */
const LOCAL: Partial<DeliveryPolicy> = { asksGitHub: false };

const order = (validation_id: string, name: "approve" | "rerun" | "cancel" = "approve") =>
  ({
    v: 1,
    kind: "order",
    id: crypto.randomUUID(),
    received_at: second(500),
    order: name,
    actor: "operator:alice",
    validation_id,
  }) as const;

const comment = (repository: ReturnType<typeof freshRepository>, at: number, change: object = {}) => {
  const fact = command(repository, "validate");
  const said = { author_association: "MEMBER", created_at: second(at), ...change };
  return { ...fact, v: 2 as const, change: { ...fact.change, ...said } };
};

const idOf = async (repository: { readonly id: number }, index = 0) =>
  (await validationsOf(repository))[index]?.id ?? "";

describe("a pull request from a fork", () => {
  test.each<[string, Partial<PullRequestChange>, Partial<DeliveryPolicy>, string, string, number]>([
    ["by an outsider waits for an approval", FORK, {}, "held", "held", 0],
    ["by a member runs", { ...FORK, author_association: "MEMBER" }, {}, "started", "queued", 1],
    ["by nobody known waits", { ...FORK, author_association: null }, {}, "held", "held", 0],
    ["that is gone waits", { ...FORK, head_repository: null }, {}, "held", "held", 0],
    ["runs untrusted with all", FORK, { validateForks: "all" }, "started", "queued", 0],
    ["is skipped with never", FORK, { validateForks: "never" }, "skipped", "skipped", 0],
    [
      "by a member is skipped with never",
      { ...FORK, author_association: "OWNER" },
      { validateForks: "never" },
      "skipped",
      "skipped",
      0,
    ],
    [
      "that is a draft is skipped",
      { ...FORK, draft: true },
      { validateDrafts: false },
      "skipped",
      "skipped",
      0,
    ],
  ])("%s", async (_, change, policy, outcome, state, trusted) => {
    const repository = freshRepository();
    const opened = pullRequest(repository)("opened", "a", 1, change);
    await recordEach([opened], { policy });
    expect(await outcomesOf([opened])).toEqual([outcome]);
    expect(
      await rows("SELECT state, trusted FROM validations WHERE repository_id = ?1", repository.id),
    ).toEqual([{ state, trusted }]);
  });

  test("runs once an operator has approved it, and not a second time", async () => {
    const repository = freshRepository();
    const pull = pullRequest(repository);
    await recordEach([pull("opened", "a", 1, FORK)]);
    const id = await idOf(repository);
    await recordEach([{ ...order(id), reason: "looks fine" }, order(id)]);
    expect(await states(repository)).toEqual([`${A}.1 queued`]);
    expect(
      await rows("SELECT trusted, reason, turn > 0 AS placed FROM validations WHERE id = ?1", id),
    ).toEqual([{ trusted: 1, reason: null, placed: 1 }]);
    expect(
      await rows("SELECT to_state, reason FROM timeline WHERE validation_id = ?1 ORDER BY id", id),
    ).toEqual([
      {
        to_state: "held",
        reason: "held (pull_request opened): a change from a fork waits for an approval",
      },
      { to_state: "queued", reason: "queued: approved by operator:alice (looks fine)" },
    ]);
    expect(
      await rows(
        "SELECT action, outcome, reason FROM operator_actions WHERE target = ?1 ORDER BY outcome",
        id,
      ),
    ).toEqual([
      { action: "approve", outcome: "done", reason: "looks fine" },
      { action: "approve", outcome: "unchanged", reason: "not waiting for approval: queued" },
    ]);
  });

  test("holds a newer head again, and an approval of the older one changes nothing", async () => {
    const repository = freshRepository();
    const pull = pullRequest(repository);
    await recordEach([pull("opened", "a", 1, FORK)]);
    const id = await idOf(repository);
    await recordEach([pull("synchronize", "b", 2, { ...FORK, before: sha("a") }), order(id)]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${B}.1 held`]);
  });

  test("keeps the approval of a head that comes back", async () => {
    const repository = freshRepository();
    const pull = pullRequest(repository);
    await recordEach([pull("opened", "a", 1, FORK)]);
    await recordEach([
      order(await idOf(repository)),
      pull("synchronize", "b", 2, { ...FORK, before: sha("a") }),
      pull("synchronize", "a", 3, { ...FORK, before: sha("b") }),
    ]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${B}.1 superseded`, `${A}.2 queued`]);
  });

  test.each<[string, ReturnType<typeof order>["order"] | "button" | "base", string[]]>([
    ["a re-run by an operator", "rerun", [`${A}.1 held`]],
    ["Re-run on GitHub", "button", [`${A}.1 held`]],
    ["another base branch", "base", [`${A}.1 superseded`, `${A}.2 held`]],
    ["a cancel", "cancel", [`${A}.1 cancelled`]],
  ])("is not run by %s", async (_, how, expected) => {
    const repository = freshRepository();
    const pull = pullRequest(repository);
    await recordEach([pull("opened", "a", 1, FORK)]);
    const id = await idOf(repository);
    const fact =
      how === "button"
        ? rerun(repository, "a")
        : how === "base"
          ? pull("edited", "a", 2, { ...FORK, base_sha: sha("other") })
          : order(id, how);
    await recordEach([fact]);
    expect(await states(repository)).toEqual(expected);
  });

  test("is held again if it was cancelled and opened again", async () => {
    const repository = freshRepository();
    const pull = pullRequest(repository);
    await recordEach([
      pull("opened", "a", 1, FORK),
      pull("closed", "a", 2, FORK),
      pull("reopened", "a", 3, FORK),
    ]);
    expect(await states(repository)).toEqual([`${A}.1 cancelled`, `${A}.2 held`]);
  });

  test("moves by nothing that Grainchain says", async () => {
    const repository = freshRepository();
    await recordEach([pullRequest(repository)("opened", "a", 1, FORK)]);
    const id = await idOf(repository);
    await recordEach([callback(repository, id, "running"), callback(repository, id, "completed")]);
    expect(await states(repository)).toEqual([`${A}.1 held`]);
  });
});

describe("a comment /validate where GitHub cannot be asked", () => {
  const cases: [string, object, number, string][] = [
    ["by a member approves", {}, 60, "queued"],
    ["by an owner approves", { author_association: "OWNER" }, 60, "queued"],
    ["by a collaborator, who may only read, does not", { author_association: "COLLABORATOR" }, 60, "held"],
    ["by anybody else does not", { author_association: "CONTRIBUTOR" }, 60, "held"],
    ["of the second of the head does not", {}, 1, "held"],
    ["from before the head does not", {}, 0, "held"],
    ["of the second of the head approves if it names it", { sha: sha("a").slice(0, 7) }, 1, "queued"],
    ["with another SHA does not", { sha: sha("b").slice(0, 7) }, 60, "held"],
    ["from before the head does not, even if the SHA begins alike", { sha: sha("a").slice(0, 7) }, 0, "held"],
  ];
  test.each(cases)("%s", async (_, change, at, state) => {
    const repository = freshRepository();
    await recordEach([pullRequest(repository)("opened", "a", 1, FORK), comment(repository, at, change)], {
      policy: LOCAL,
    });
    expect(await states(repository)).toEqual([`${A}.1 ${state}`]);
  });

  test("approves the head that came before it, even if that is recorded later", async () => {
    const repository = freshRepository();
    const pull = pullRequest(repository);
    const early = comment(repository, 10);
    await recordEach(
      [
        pull("opened", "a", 1, FORK),
        early,
        pull("synchronize", "b", 5, { ...FORK, before: sha("a") }),
        pull("synchronize", "c", 11, { ...FORK, before: sha("b") }),
        early,
        { ...early, id: crypto.randomUUID(), digest: "d".repeat(32) },
      ],
      { policy: LOCAL },
    );
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${B}.1 superseded`, "63.1 held"]);
    const [, approved] = await validationsOf(repository);
    expect(
      await rows(
        "SELECT reason FROM timeline WHERE validation_id = ?1 AND to_state = 'queued'",
        approved?.id,
      ),
    ).toEqual([{ reason: expect.stringContaining("pull_request synchronize") }]);
  });

  test("of somebody who may give no commands runs nothing that is not held", async () => {
    const repository = freshRepository();
    const given = comment(repository, 60, { author_association: "NONE" });
    await recordEach([pullRequest(repository)("opened", "a", 1), given]);
    expect(await states(repository)).toEqual([`${A}.1 queued`]);
    expect(await deliveryOf(given)).toMatchObject({ outcome: "ignored" });
    expect(await rows("SELECT 1 FROM reactions WHERE delivery_id = ?1", given.id)).toEqual([]);
  });
});

describe("a draft that is not validated", () => {
  const policy = { validateDrafts: false };

  test("is skipped, and runs under the next number once it is ready", async () => {
    const repository = freshRepository();
    const pull = pullRequest(repository);
    await recordEach(
      [pull("opened", "a", 1, { draft: true }), pull("synchronize", "a", 2, { draft: true })],
      {
        policy,
      },
    );
    expect(
      await rows(
        "SELECT state, reason, finished_at IS NOT NULL AS ended FROM validations WHERE repository_id = ?1",
        repository.id,
      ),
    ).toEqual([{ state: "skipped", reason: "drafts are not validated", ended: 1 }]);
    await recordEach([pull("ready_for_review", "a", 3)], { policy });
    expect(await states(repository)).toEqual([`${A}.1 skipped`, `${A}.2 queued`]);
  });

  test("runs if a member asks for it", async () => {
    const repository = freshRepository();
    await recordEach([pullRequest(repository)("opened", "a", 1, { draft: true }), comment(repository, 60)], {
      policy,
    });
    expect(await states(repository)).toEqual([`${A}.1 skipped`, `${A}.2 queued`]);
  });
});
