import { beforeEach, describe, expect, test } from "vitest";
import { empty, rows } from "../support/database.ts";
import { callback, freshRepository, mergeGroup, note, push, second, sha } from "../support/facts.ts";
import { openWorld, queueHeads, shown, told } from "../support/github.ts";

beforeEach(async () => {
  await empty();
});

const success = { results: { success: true } };
const idOf = async (): Promise<string> => {
  const [only] = await rows<{ id: string }>("SELECT id FROM validations");
  return only?.id ?? "";
};

const WORDS = {
  app: { queued: "queued", stopped: "cancelled" },
  token: { queued: "pending", stopped: "error" },
};

describe.each(["app", "token"] as const)("as %s", (mode) => {
  async function worldOf(config: { readonly apiUrl?: string } = {}) {
    const repository = freshRepository();
    const world = await openWorld({ mode, repositories: [repository.full_name], config });
    return { world, repository, words: WORDS[mode] };
  }

  test.each([
    [
      "a merge group",
      (repository: ReturnType<typeof freshRepository>) => mergeGroup(repository, "checks_requested", "m"),
    ],
    ["a push", (repository: ReturnType<typeof freshRepository>) => push(repository, "a", "m", 1)],
  ])("%s is reported at its own head, so that nothing waits in vain", async (_, fact) => {
    const { world, repository, words } = await worldOf();
    await world.record(fact(repository));
    await world.report();
    await world.record(callback(repository, await idOf(), "completed", success));
    await world.report();
    expect(await told(world)).toEqual([words.queued, "success"]);
    const { check_runs, statuses } = await world.double.state();
    const heads = [
      ...Object.values(check_runs).map(({ head_sha }) => head_sha),
      ...statuses.map((one) => one.sha),
    ];
    expect(new Set(heads)).toEqual(new Set([sha("m")]));
  });

  test("a repository that was renamed meanwhile is reported under its new name", async () => {
    const { world, repository } = await worldOf();
    const [id = ""] = await queueHeads(world, repository, 1);
    const renamed = { ...repository, full_name: `${repository.full_name}-renamed` };
    const { double } = await openWorld({ mode, repositories: [renamed.full_name] });
    const moved = world.another({ apiUrl: double.url });
    await world.record({ ...note("repository", renamed), received_at: second(60) });
    await world.report(moved);
    const { check_runs, statuses } = await double.state();
    expect(Object.values(check_runs).length + statuses.length).toBe(1);
    expect(await rows("SELECT status FROM reports WHERE validation_id = ?1", id)).toEqual([
      { status: "posted" },
    ]);
  });

  test("a merge group that was destroyed is not left waiting", async () => {
    const { world, repository, words } = await worldOf();
    await world.record(mergeGroup(repository, "checks_requested", "m"));
    await world.report();
    await world.record(mergeGroup(repository, "destroyed", "m"));
    await world.report();
    expect(await shown(world)).toBe(words.stopped);
  });

  test.each(["timed_out", "failed", "dead"])(
    "a validation that ended as %s is not reported as a success",
    async (state) => {
      const { world, repository } = await worldOf();
      const [id = ""] = await queueHeads(world, repository, 1);
      await rows(
        `UPDATE validations SET state = ?1, finished_at = created_at, error = 'disk full' WHERE id = ?2`,
        state,
        id,
      );
      await rows("UPDATE reports SET state = ?1, priority = 0 WHERE validation_id = ?2", state, id);
      await world.report();
      const expected = mode === "token" ? "error" : state === "timed_out" ? "timed_out" : "failure";
      expect(await told(world)).toEqual([expected]);
    },
  );

  test.each(["", "/"])(
    "a GitHub Enterprise Server is spoken to below its own path, ending in %j",
    async (slash) => {
      const repository = freshRepository();
      const cloud = await openWorld({ mode, repositories: [repository.full_name] });
      const world = {
        ...cloud,
        deps: cloud.another({ apiUrl: `${cloud.double.enterpriseUrl}${slash}` }),
      };
      await queueHeads(world, repository, 2);
      await world.report(world.deps);
      expect(await told(world)).toHaveLength(2);
    },
  );
});

test("an App's credentials win over a token beside them", async () => {
  const repository = freshRepository();
  const token = "ghp_beside_the_app";
  const world = await openWorld({
    mode: "app",
    repositories: [repository.full_name],
    tokens: [token],
    config: { token },
  });
  await queueHeads(world, repository, 1);
  await world.report();
  expect(await told(world)).toEqual(["queued"]);
});
