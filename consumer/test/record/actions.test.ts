import { FACT_VERSION, type OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { rows } from "../support/database.ts";
import { command as comment, freshRepository, note, pullRequest, rerun, second } from "../support/facts.ts";
import { record, setValidation, timelineOf, validationsOf } from "../support/recording.ts";
import { DAY, expireAfter } from "../support/retention.ts";

type Repository = ReturnType<typeof freshRepository>;

const actionOf = (id: string) =>
  rows("SELECT at, actor, action, target, reason, outcome FROM operator_actions WHERE id = ?1", id);

const command = (
  validation_id: string,
  order: "cancel" | "rerun",
  actor = "operator:alice",
): OperatorCommandFact => ({
  ...{ v: FACT_VERSION, kind: "order", id: crypto.randomUUID(), received_at: second(900) },
  ...{ order, actor, validation_id },
});

async function opened() {
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "head", 0)]);
  const [validation] = await validationsOf(repository);
  return { repository, id: validation?.id ?? "" };
}

describe("an operator's command is recorded once, with its outcome", () => {
  test.each(["cancel", "rerun"] as const)("that is done: %s", async (order) => {
    const { id } = await opened();
    const fact = command(id, order);
    await record([fact]);
    await record([fact, fact]);
    const done = { at: fact.received_at, actor: "operator:alice", action: order, target: id };
    expect(await actionOf(fact.id)).toEqual([{ ...done, reason: null, outcome: "done" }]);
  });

  test("that comes too late, twice", async () => {
    const { id } = await opened();
    await setValidation(id, { state: "completed" });
    const fact = command(id, "cancel");
    await record([fact]);
    await record([fact]);
    expect(await actionOf(fact.id)).toMatchObject([
      { outcome: "unchanged", reason: "the validation has already ended: completed" },
    ]);
  });

  test("that is refused", async () => {
    const { repository, id } = await opened();
    await record([pullRequest(repository)("closed", "head", 60)]);
    const [rerun, gone] = [command(id, "rerun"), command("gone", "rerun")];
    await record([rerun, gone]);
    expect(await actionOf(rerun.id)).toMatchObject([
      { outcome: "refused", reason: "not run again: the pull request or branch is closed" },
    ]);
    expect((await timelineOf(id)).at(-1)?.reason).toBe(
      "not run again: the pull request or branch is closed (operator:alice)",
    );
    expect(await actionOf(gone.id)).toMatchObject([
      { outcome: "refused", reason: "the validation no longer exists" },
    ]);
  });

  test("of an earlier version, which names nobody", async () => {
    const { id } = await opened();
    const { actor: _, ...fact } = command(id, "cancel");
    await record([fact]);
    expect(await actionOf(fact.id)).toMatchObject([{ actor: "operator:operator", outcome: "done" }]);
  });
});

describe("a command on GitHub is recorded under the login of who gave it", () => {
  test.each([
    ["a /validate", (repository: Repository) => comment(repository, "validate"), "rerun"],
    ["a /validate cancel", (repository: Repository) => comment(repository, "cancel"), "cancel"],
    ["Re-run on our App's check", (repository: Repository) => rerun(repository, "head"), "rerun"],
  ] as const)("that is done: %s", async (_, make, action) => {
    const { repository, id } = await opened();
    const fact = { ...make(repository), sender: "octocat" };
    await record([fact]);
    await record([fact]);
    const [row, ...others] = await actionOf(fact.id);
    expect(row).toMatchObject({ at: fact.received_at, actor: "github:octocat", action, outcome: "done" });
    expect(others).toEqual([]);
    const [latest] = (await validationsOf(repository)).toReversed();
    expect((await timelineOf(action === "cancel" ? id : (latest?.id ?? ""))).at(-1)?.reason).toContain(
      "github:octocat",
    );
  });

  test.each([
    ["that has nothing to cancel", "cancel", "unchanged"],
    ["about a closed pull request", "validate", "refused"],
  ] as const)("%s", async (_, name, outcome) => {
    const { repository } = await opened();
    await record([pullRequest(repository)("closed", "head", 60)]);
    const fact = { ...comment(repository, name), sender: "octocat" };
    await record([fact]);
    expect(await actionOf(fact.id)).toMatchObject([
      { actor: "github:octocat", target: `${repository.full_name}#12`, outcome },
    ]);
  });

  test("and nothing else is: another App's check, a push, a note", async () => {
    const { repository } = await opened();
    const others = [rerun(repository, "head", 78), note("repository", repository)];
    await record(others);
    for (const { id } of others) expect(await actionOf(id)).toEqual([]);
  });
});

test("actions are kept for 400 days", async () => {
  const insert =
    "INSERT INTO operator_actions (id, at, actor, action, outcome) VALUES (?1, ?2, 'a', 'cancel', 'done')";
  const [old, young] = [crypto.randomUUID(), crypto.randomUUID()];
  await rows(insert, old, second(-400 * DAY - 1));
  await rows(insert, young, second(-400 * DAY + 1));
  await rows("DELETE FROM settings");
  await expireAfter(0);
  expect(await actionOf(old)).toEqual([]);
  expect(await actionOf(young)).toHaveLength(1);
});
