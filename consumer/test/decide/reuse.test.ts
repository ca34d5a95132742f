import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { rows } from "../support/database.ts";
import {
  callback,
  command,
  freshRepository,
  mergeGroup,
  pullRequest,
  push,
  second,
  sha,
} from "../support/facts.ts";
import {
  deliveryOf,
  type Recording,
  record,
  recordEach,
  timelineOf,
  validationsOf,
} from "../support/recording.ts";

const TREE = "7".repeat(40);
const DAY_MS = 86_400_000;

type Repository = ReturnType<typeof freshRepository>;

interface Before {
  readonly results?: Record<string, unknown>;
  readonly callback?: Partial<CallbackFact>;
  /** Of the pull request. */
  readonly fork?: boolean;
  readonly recording?: Recording;
}

/** A pull request whose run has ended. @returns its id */
async function passed(repository: Repository, { results, callback: fields, fork, recording }: Before = {}) {
  await record([pullRequest(repository)("opened", "a", 1, { fork, author_association: "NONE" })], recording);
  const id = `${repository.id}-pr-12-${sha("a")}-1`;
  const ended = { success: true, tree_sha: TREE, ...results };
  await record([callback(repository, id, "completed", { results: ended, ...fields })], recording);
  return id;
}

const pushed = (repository: Repository, tree_id = TREE) => push(repository, "z", "p", 700, { tree_id });

/** The runs of everything but the pull request. */
const runsOf = async (repository: Repository) =>
  (await validationsOf(repository)).filter(({ subject }) => !subject.startsWith("pr-"));

describe("a push whose files have passed", () => {
  test("has succeeded at once, and names the run that passed", async () => {
    const repository = freshRepository();
    const id = await passed(repository);
    const fact = pushed(repository);
    await record([fact]);
    const [run] = await runsOf(repository);
    expect(run).toMatchObject({
      ...{ state: "completed", conclusion: "success", reused_from: id, tree_sha: TREE, attempts: 0 },
      finished_at: second(3600),
    });
    expect(await deliveryOf(fact)).toMatchObject({ outcome: "reused", validation_id: run?.id });
    const reason = `not run (push): the same files passed in ${id}`;
    expect(await timelineOf(run?.id ?? "")).toMatchObject([
      { from_state: null, to_state: "completed", reason },
    ]);
    expect(
      await rows("SELECT state, conclusion, status FROM reports WHERE validation_id = ?1", run?.id ?? ""),
    ).toEqual([{ state: "completed", conclusion: "success", status: "due" }]);
  });

  test("does not stand for another push in its turn", async () => {
    const repository = freshRepository();
    const id = await passed(repository);
    await recordEach([pushed(repository), push(repository, "p", "q", 800, { tree_id: TREE })]);
    expect((await runsOf(repository)).map((run) => Reflect.get(run, "reused_from"))).toEqual([id, id]);
  });

  test("runs again if somebody asks for it", async () => {
    const repository = freshRepository();
    await passed(repository);
    const group = { ...mergeGroup(repository, "checks_requested", "m") };
    const change = { ...group.change, tree_id: TREE };
    await record([{ ...group, change } as typeof group]);
    const [run] = await runsOf(repository);
    expect(run).toMatchObject({ state: "completed", conclusion: "success" });
    const order = {
      v: 1,
      kind: "order",
      id: crypto.randomUUID(),
      received_at: second(0),
      order: "rerun",
    } as const;
    await recordEach([{ ...order, validation_id: run?.id ?? "" }, command(repository, "validate")]);
    expect((await runsOf(repository)).map(({ state }) => state)).toEqual(["completed", "queued"]);
    const pulls = (await validationsOf(repository)).filter(({ subject }) => subject === "pr-12");
    expect(pulls.map(({ state }) => state)).toEqual(["completed", "queued"]);
  });
});

describe("a push runs if", () => {
  const later = (days: number): Recording => ({
    now: () => new Date(Date.parse(second(3600)) + days * DAY_MS),
  });

  test.each<[what: string, before: Before, recording?: Recording]>([
    ["the run of these files failed", { results: { success: false }, callback: { success: false } }],
    ["its steps came from the base commit", { fork: true, recording: { policy: { validateForks: "all" } } }],
    ["no step was run, since no path matched", { results: { skipped: "no path matches" } }],
    ["the results name no tree", { results: { tree_sha: undefined } }],
    ["the results name what is not a tree", { results: { tree_sha: "main" } }],
    ["the success is older than validations are kept", {}, later(91)],
    ["REUSE_RESULTS is false", {}, { policy: { reuseResults: false } }],
  ])("%s", async (_, before, recording) => {
    const repository = freshRepository();
    await passed(repository, before);
    await record([pushed(repository)], recording);
    expect((await runsOf(repository)).map(({ state }) => state)).toEqual(["queued"]);
  });

  test("the files passed in another repository, or others passed in this one", async () => {
    const [repository, other] = [freshRepository(), freshRepository()];
    await passed(other);
    await passed(repository, { results: { tree_sha: "6".repeat(40) } });
    await record([pushed(repository)]);
    expect((await runsOf(repository)).map(({ state }) => state)).toEqual(["queued"]);
  });
});

test("a success of the last days is reused", async () => {
  const repository = freshRepository();
  await passed(repository);
  await record([pushed(repository)], { now: () => new Date(Date.parse(second(3600)) + 89 * DAY_MS) });
  expect((await runsOf(repository)).map(({ state }) => state)).toEqual(["completed"]);
});
