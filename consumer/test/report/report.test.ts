import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { badGateway, serverError } from "../../../test/github/client/fault.ts";
import { empty, intercept, rows } from "../support/database.ts";
import { callback, command, freshRepository, pullRequest, rerun, sha } from "../support/facts.ts";
import { openWorld, type Repository, reportOf, runOf, shown, told, type World } from "../support/github.ts";
import { holdAnswer } from "../support/under-way.ts";

beforeEach(async () => {
  await empty();
});

/** It is done, and a proxy answers that it is not. */
const LOST = { ...badGateway, after: true } as const;

const MODES = ["app", "token"] as const;
type Mode = (typeof MODES)[number];

/** In the words of each mode. */
const WORDS = {
  app: { queued: "queued", running: "in_progress", broken: "failure", stopped: "cancelled" },
  token: { queued: "pending", running: "pending", broken: "error", stopped: "error" },
};
const CREATE = { app: "checks/create", token: "repos/create-commit-status" };
const UPDATE = { app: "checks/update", token: "repos/create-commit-status" };

/** A pull request whose head is queued. */
async function queued(mode: Mode, options: { readonly db?: D1Database } = {}) {
  const repository = freshRepository();
  const world = await openWorld({ mode, repositories: [repository.full_name], ...options });
  await world.record(pullRequest(repository)("opened", "a", 1));
  return { world, repository, id: runOf(repository, "a"), words: WORDS[mode] };
}

const started = (repository: Repository, id: string) => callback(repository, id, "running");
const ended = (repository: Repository, id: string, success = true) =>
  callback(repository, id, "completed", { success, results: { success } });

/** What D1 has of a commit that is reported to GitHub. */
async function expectAgreement(world: World, id: string): Promise<void> {
  const { state, posted_state, status } = await reportOf(id);
  expect([status, posted_state]).toEqual(["posted", state]);
  const runs = Object.values((await world.double.state()).check_runs);
  expect(new Set(runs.map(({ external_id }) => external_id)).size).toBe(runs.length);
}

describe.each(MODES)("as %s", (mode) => {
  test.each([
    ["success", true],
    ["failure", false],
  ] as const)("reports queued, in progress and %s, each once", async (end, success) => {
    const { world, repository, id, words } = await queued(mode);
    await world.report();
    await world.record(started(repository, id));
    await world.report();
    await world.record(ended(repository, id, success));
    await world.report();
    expect(await told(world)).toEqual([words.queued, words.running, end]);
    await expectAgreement(world, id);
    expect(await world.writes()).toHaveLength(3);
    await world.report();
    expect(await world.writes()).toHaveLength(3);
  });

  test("reports only the newest state", async () => {
    const { world, repository, id } = await queued(mode);
    await world.record(started(repository, id));
    await world.record(ended(repository, id));
    await world.report();
    expect(await told(world)).toEqual(["success"]);
    await expectAgreement(world, id);
  });

  test("never repeats what GitHub shows already", async () => {
    const { world, repository, id, words } = await queued(mode);
    await world.record(callback(repository, id, "pending"));
    await world.report();
    await world.record(started(repository, id));
    await world.report();
    expect(await told(world)).toEqual([words.running]);
    await expectAgreement(world, id);
  });

  test("goes on with a state that changed while its report was under way", async () => {
    const { world, repository, id, words } = await queued(mode);
    const answer = holdAnswer();
    const reporting = world.report();
    await answer.performed;
    await world.record(ended(repository, id));
    // Another consumer finds nothing to do: a report of this head is under way.
    await world.report(world.another());
    expect(await world.writes()).toHaveLength(1);
    answer.release();
    await reporting;
    await world.report();
    expect(await told(world)).toEqual([words.queued, "success"]);
    await expectAgreement(world, id);
  });

  test.each([
    ["first", false],
    ["last", true],
  ])("posts nothing twice where the answer to the %s post is lost", async (_, last) => {
    const { world, repository, id, words } = await queued(mode);
    if (last) {
      await world.report();
      await world.record(ended(repository, id, false));
    }
    await world.double.fault({ operation_id: last ? UPDATE[mode] : CREATE[mode] }, LOST);
    await world.report();
    expect(await reportOf(id)).toMatchObject({ status: "due", attempts: 1 });
    world.pass(60);
    await world.report();
    expect(await told(world)).toEqual(last ? [words.queued, "failure"] : [words.queued]);
    await expectAgreement(world, id);
    expect(await reportOf(id)).toMatchObject({ posts: last ? 2 : 1, claims: 0 });
  });

  test.each([
    ["gets its end", "cancelled"],
    ["gets its result", "completed"],
  ] as const)("a head whose first report's answer was lost %s", async (_, end) => {
    const { world, repository, id, words } = await queued(mode);
    await world.double.fault({ operation_id: CREATE[mode] }, LOST);
    await world.report();
    world.pass(60);
    await world.report();
    await world.record(
      end === "cancelled" ? pullRequest(repository)("closed", "a", 2) : ended(repository, id),
    );
    await world.report();
    expect(await told(world)).toEqual([words.queued, end === "cancelled" ? words.stopped : "success"]);
    await expectAgreement(world, id);
  });

  test("posts nothing twice if the consumer ends before it has written the outcome down", async () => {
    const { world, id, words } = await queued(mode);
    let broken = false;
    const db = intercept(env.DB, (statements) => {
      if (broken && statements > 0) throw new Error("D1_ERROR: injected");
    });
    const answer = holdAnswer();
    const dying = world.report(world.another({}, db));
    await answer.performed;
    broken = true;
    answer.release();
    await expect(dying).rejects.toThrow("injected");
    await world.report();
    expect(await world.writes()).toHaveLength(1);
    world.pass(600);
    await world.report();
    expect(await told(world)).toEqual([words.queued]);
    await expectAgreement(world, id);
  });

  test.each(["limited", "refused", "retried"])(
    "still posts nothing twice where the second attempt is %s",
    async (second) => {
      const { world, id, words } = await queued(mode);
      await world.double.fault({ operation_id: CREATE[mode] }, LOST);
      await world.report();
      world.pass(60);
      if (second === "retried") await world.double.fault({ method: "GET" }, serverError, 0);
      if (second === "limited") {
        await world.double.fault(
          { method: "GET" },
          { status: 429, headers: { "retry-after": "30" }, body: {} },
          0,
        );
      }
      if (second === "refused") {
        const names = (await world.double.requests()).map(({ auth }) => auth.installation_id);
        const name = mode === "token" ? "token" : `installation:${names.at(-1)}`;
        const limit = { untilMs: world.clock.nowMs + 30_000, secondary: false };
        await world.deps.budgets.settle(name, "none", limit, world.clock.nowMs);
      }
      await world.report();
      expect(await reportOf(id)).toMatchObject({ status: "due" });
      await world.double.clearFaults();
      world.pass(600);
      await world.report();
      expect(await told(world)).toEqual([words.queued]);
      await expectAgreement(world, id);
    },
  );

  test.each([
    ["cancelled", "closed"],
    ["superseded", "synchronize"],
  ] as const)("tells that a head was %s only where something was posted", async (state, action) => {
    const { world, repository, id, words } = await queued(mode);
    const next = pullRequest(repository)(action, action === "closed" ? "a" : "b", 2, { before: sha("a") });
    await world.record(next);
    await world.report();
    expect(await reportOf(id)).toMatchObject({
      state,
      status: "skipped",
      reason: "nothing was posted before",
    });
    expect((await told(world)).filter((one) => one === words.stopped)).toEqual([]);
  });

  test("reports the stop of a run whose start was reported", async () => {
    const { world, repository, id, words } = await queued(mode);
    await world.report();
    await world.record(pullRequest(repository)("closed", "a", 2));
    await world.report();
    expect(await told(world)).toEqual([words.queued, words.stopped]);
    await expectAgreement(world, id);
  });

  test("posts no end for a head of which nothing was posted", async () => {
    const { world, repository, id } = await queued(mode);
    await world.double.fault({ operation_id: CREATE[mode] }, serverError);
    await world.report();
    await world.record(pullRequest(repository)("closed", "a", 2));
    world.pass(60);
    await world.report();
    expect(await told(world)).toEqual([]);
    expect(await reportOf(id)).toMatchObject({ status: "skipped", reason: "nothing was posted before" });
  });

  test("shows the later run of a head", async () => {
    const { world, repository, id, words } = await queued(mode);
    await world.report();
    await world.record(ended(repository, id, false));
    await world.report();
    await world.record(command(repository, "validate"));
    await world.report();
    await world.record(ended(repository, runOf(repository, "a", 2)));
    await world.report();
    expect(await told(world)).toEqual([words.queued, "failure", words.queued, "success"]);
    expect(await shown(world)).toBe("success");
  });

  test("shows no earlier run over a later one", async () => {
    const { world, repository, id } = await queued(mode);
    await world.record(rerun(repository, "a", world.deps.record.policy.githubAppId));
    expect(await rows("SELECT id FROM validations WHERE repository_id = ?1", repository.id)).toHaveLength(2);
    await world.report();
    expect(await reportOf(id)).toMatchObject({ state: "superseded", status: "skipped" });
    expect(await told(world)).toEqual([WORDS[mode].queued]);
  });

  test("lets a head of two pull requests have the result of the one that was not closed", async () => {
    const { world, repository, id } = await queued(mode);
    await world.report();
    const other = pullRequest(repository, 13);
    await world.record(other("opened", "a", 2));
    await world.report();
    await world.record(other("closed", "a", 3));
    await world.report();
    await world.record(ended(repository, id));
    await world.report();
    expect((await told(world)).at(-1)).toBe("success");
    await expectAgreement(world, id);
  });
});

test.each([
  ["takes over the check run of the run that it stops", false, [[2, "queued"]]],
  [
    "gets a check run of its own after one that has ended",
    true,
    [
      [1, "success"],
      [2, "queued"],
    ],
  ],
] as const)("a re-run %s", async (_, after, shownRuns) => {
  const { world, repository, id } = await queued("app");
  await world.report();
  if (after) {
    await world.record(ended(repository, id));
    await world.report();
  }
  await world.record(command(repository, "validate"));
  await world.report();
  const runs = Object.values((await world.double.state()).check_runs).toSorted((a, b) => a.id - b.id);
  expect(runs.map(({ external_id, status, conclusion }) => [external_id, conclusion ?? status])).toEqual(
    shownRuns.map(([run, shows]) => [runOf(repository, "a", run), shows]),
  );
});

test("skips every report if neither an App nor a token is configured", async () => {
  const repository = freshRepository();
  const world = await openWorld({ mode: "none", repositories: [repository.full_name] });
  await world.record(pullRequest(repository)("opened", "a", 1), command(repository, "validate"));
  expect(await world.report()).toEqual([]);
  expect(await rows("SELECT status, reason FROM reports")).toEqual([
    { status: "skipped", reason: "no GitHub credentials are configured" },
    { status: "skipped", reason: "no GitHub credentials are configured" },
  ]);
  expect(await rows("SELECT status FROM reactions")).toEqual([{ status: "skipped" }]);
  expect(await world.double.requests()).toEqual([]);
});
