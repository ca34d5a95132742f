import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { badGateway } from "../../../test/github/client/fault.ts";
import { askApprovalsDue } from "../../src/github/approval.ts";
import { A, states } from "../decide/support.ts";
import { empty, rows } from "../support/database.ts";
import { command, delivery, freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { openWorld, type World } from "../support/github.ts";

beforeEach(empty);

const FORK = { fork: true, head_repository: "mallory/widgets", author_association: "NONE" };
const COLLABORATORS = { ada: "admin", mia: "maintain", will: "write", tri: "triage", rita: "read" } as const;
const ASKS = "repos/get-collaborator-permission-level";

async function worldOf(mode: "app" | "token") {
  const repository = freshRepository();
  const world = await openWorld({ mode, repositories: [repository.full_name], collaborators: COLLABORATORS });
  await world.record(pullRequest(repository)("opened", "a", 1, FORK));
  return { world, repository };
}

type Repository = ReturnType<typeof freshRepository>;

function comment(repository: Repository, sender: string): DeliveryFact {
  const fact = command(repository, "validate");
  const change = { ...fact.change, author_association: "CONTRIBUTOR", created_at: second(60) };
  return { ...fact, v: 2, sender, change };
}

const button = (repository: Repository, sender: string, app_id: number): DeliveryFact =>
  delivery(
    repository,
    "check_run",
    "requested_action",
    { type: "approval", app_id, head_sha: sha("a") },
    { sender },
  );

const questions = async ({ double }: World): Promise<number> =>
  (await double.requests()).filter(({ operation_id }) => operation_id === ASKS).length;

describe.each(["app", "token"] as const)("as %s", (mode) => {
  test.each([
    ["ada", "queued"],
    ["mia", "queued"],
    ["will", "queued"],
    ["tri", "held"],
    ["rita", "held"],
    ["nobody", "held"],
  ])("a comment by %s leaves the run %s, and is answered", async (sender, state) => {
    const { world, repository } = await worldOf(mode);
    const fact = comment(repository, sender);
    await world.record(fact);
    expect(await states(repository)).toEqual([`${A}.1 held`]);
    await askApprovalsDue(world.deps);
    expect(await states(repository)).toEqual([`${A}.1 ${state}`]);
    const done = state === "queued";
    expect(await rows("SELECT content FROM reactions WHERE delivery_id = ?1", fact.id)).toEqual([
      { content: done ? "+1" : "confused" },
    ]);
    expect(await rows("SELECT actor, action, outcome FROM operator_actions WHERE id = ?1", fact.id)).toEqual([
      { actor: `github:${sender}`, action: "approve", outcome: done ? "done" : "refused" },
    ]);
  });
});

test("the button approves by the permission of who pressed it, and a second press changes nothing", async () => {
  const { world, repository } = await worldOf("app");
  const { githubAppId } = world.deps.policy;
  const press = (sender: string) => button(repository, sender, githubAppId ?? 0);
  await world.record(press("rita"));
  await askApprovalsDue(world.deps);
  expect(await states(repository)).toEqual([`${A}.1 held`]);
  await world.record(press("will"), press("mia"));
  await askApprovalsDue(world.deps);
  expect(await states(repository)).toEqual([`${A}.1 queued`]);
  expect(
    await rows(
      `SELECT t.reason FROM timeline t JOIN validations v ON v.id = t.validation_id
                WHERE v.repository_id = ?1 AND t.to_state = 'queued'`,
      repository.id,
    ),
  ).toEqual([
    {
      reason: expect.stringMatching(/^queued: approved by github:(will|mia) \(check_run requested_action\)$/),
    },
  ]);
});

test("the button of another App's check changes nothing, and asks nobody", async () => {
  const { world, repository } = await worldOf("app");
  await world.record(button(repository, "ada", 1));
  await askApprovalsDue(world.deps);
  expect(await states(repository)).toEqual([`${A}.1 held`]);
  expect(await questions(world)).toBe(0);
});

test("an answer counts for minutes, and no longer", async () => {
  const { world, repository } = await worldOf("token");
  const ask = async () => {
    await world.record(comment(repository, "rita"));
    await askApprovalsDue(world.deps);
    return questions(world);
  };
  expect([await ask(), await ask()]).toEqual([1, 1]);
  world.pass(121);
  expect(await ask()).toBe(2);
});

test("while GitHub does not answer, the run stays held, and GitHub is asked again", async () => {
  const { world, repository } = await worldOf("token");
  await world.double.fault({ operation_id: ASKS }, badGateway);
  await world.record(comment(repository, "ada"));
  const { wakeAt } = await askApprovalsDue(world.deps);
  expect(await states(repository)).toEqual([`${A}.1 held`]);
  expect(wakeAt).not.toEqual([]);
  world.pass(60);
  await askApprovalsDue(world.deps);
  expect(await states(repository)).toEqual([`${A}.1 queued`]);
});

test("an approval that is answered after a push does not run what was pushed", async () => {
  const { world, repository } = await worldOf("token");
  await world.record(comment(repository, "ada"));
  await world.record(pullRequest(repository)("synchronize", "b", 120, { ...FORK, before: sha("a") }));
  await askApprovalsDue(world.deps);
  expect(await states(repository)).toEqual([`${A}.1 superseded`, "62.1 held"]);
});

test("is shown as a check with a button, which goes on as the same check", async () => {
  const { world, repository } = await worldOf("app");
  await world.report();
  const shown = async () => Object.values((await world.double.state()).check_runs);
  expect(await shown()).toMatchObject([
    { status: "completed", conclusion: "action_required", output: { title: "waiting for approval" } },
  ]);
  await world.record(comment(repository, "ada"));
  await askApprovalsDue(world.deps);
  await world.report();
  expect(await shown()).toMatchObject([{ status: "queued" }]);
});
