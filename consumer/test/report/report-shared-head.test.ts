import { env } from "cloudflare:workers";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { beforeEach, describe, expect, inject, test } from "vitest";
import { badGateway, serverError } from "../../../test/github/client/fault.ts";
import { seeds } from "../../../test/support/amount.ts";
import { type RandomSource, seeded } from "../../../test/support/random.ts";
import { count, empty, rows } from "../support/database.ts";
import {
  callback,
  command,
  freshRepository,
  mergeGroup,
  pullRequest,
  push,
  rerun,
  second,
  sha,
} from "../support/facts.ts";
import { openWorld, type Repository, runOf, told, type World } from "../support/github.ts";

beforeEach(async () => {
  await empty();
});

const PUSH = { app: "CodegenApp Validation (push)", token: "codegenapp/validation/push" };
const PULL_REQUEST = { app: "CodegenApp Validation", token: "codegenapp/validation" };
type Mode = "app" | "token";
const APP_ID = inject("githubDouble").appId;

/** What GitHub shows of each context: the newest check run's outcome, or the newest status's. */
async function shownBy({ double }: World): Promise<Record<string, string>> {
  const { check_runs, statuses } = await double.state();
  const runs = Object.values(check_runs).toSorted((a, b) => a.id - b.id);
  return Object.fromEntries([
    ...runs.map(({ name, conclusion, status }) => [name, conclusion ?? status]),
    ...statuses.map(({ context, state }) => [context, state]),
  ]);
}

/** The newest text of a context. */
async function textOf({ double }: World, context: string): Promise<string> {
  const { check_runs, statuses } = await double.state();
  const run = Object.values(check_runs).findLast(({ name }) => name === context);
  const status = statuses.findLast((one) => one.context === context);
  return run === undefined ? String(status?.description) : `${run.output.title}\n${run.output.summary}`;
}

const ended = (repository: Repository, id: string, success: boolean) =>
  callback(repository, id, "completed", { success, results: { success } });

describe.each<Mode>(["app", "token"])("as %s", (mode) => {
  async function sharedHead() {
    const repository = freshRepository();
    const world = await openWorld({ mode, repositories: [repository.full_name] });
    const happens = async (...facts: readonly Fact[]) => {
      await world.record(...facts);
      await world.report();
      await world.report();
      return (await shownBy(world))[PULL_REQUEST[mode]];
    };
    await happens(...[1, 2].map((number) => pullRequest(repository, number)("opened", "a", 1)));
    const [firstId, secondId] = [runOf(repository, "a", 1, 1), runOf(repository, "a", 1, 2)];
    return { repository, world, happens, firstId, secondId };
  }

  test("what waits for an approval comes after failures, and before what runs", async () => {
    const { repository, happens, firstId, secondId } = await sharedHead();
    const held = mode === "app" ? "action_required" : "pending";
    const fork = { fork: true, head_repository: null, author_association: "NONE" };
    expect(await happens(pullRequest(repository, 3)("opened", "a", 1, fork))).toBe(held);
    expect(await happens(ended(repository, secondId, true))).toBe(held);
    expect(await happens(ended(repository, firstId, false))).toBe("failure");
    expect(await happens(pullRequest(repository, 1)("closed", "a", 2))).toBe(held);
    expect(await happens(pullRequest(repository, 3)("closed", "a", 2, fork))).toBe("success");
  });

  test("a failed pull request is not hidden by another one with the same head that succeeds", async () => {
    const { repository, happens, firstId, secondId, world } = await sharedHead();
    expect(await happens(ended(repository, firstId, false))).toBe("failure");
    expect(await happens(ended(repository, secondId, true))).toBe("failure");
    expect(await textOf(world, PULL_REQUEST[mode])).toMatch(/#1[\s\S]*#2/);
  });

  test("what is being posted while another one changes is due again after it", async () => {
    const { repository, world, firstId, secondId } = await sharedHead();
    await world.record(ended(repository, firstId, false));
    await env.DB.prepare(
      "INSERT INTO report_leases (id, until, reports) VALUES ('posting', ?2, json_array(?1))",
    )
      .bind(firstId, second(9999))
      .run();
    const revisionOf = () => count("SELECT revision FROM reports WHERE validation_id = ?1", firstId);
    const before = await revisionOf();
    await world.record(ended(repository, secondId, true));
    expect(await revisionOf()).toBe(before + 1);
  });

  test("the other's result stands again once the failed one is closed, and back when it is reopened", async () => {
    const { repository, happens, firstId, secondId, world } = await sharedHead();
    await happens(ended(repository, firstId, false));
    await happens(ended(repository, secondId, true));
    const close = pullRequest(repository, 1)("closed", "a", 2);
    expect(await happens(close)).toBe("success");
    expect(await textOf(world, PULL_REQUEST[mode])).not.toContain("#1");
    expect(await happens(pullRequest(repository, 1)("reopened", "a", 3))).toBe("failure");
  });

  test("the other's result stands again once the failed one has a newer head", async () => {
    const { repository, world, happens, firstId, secondId } = await sharedHead();
    await happens(ended(repository, firstId, false), ended(repository, secondId, true));
    await happens(pullRequest(repository, 1)("synchronize", "b", 2));
    const { check_runs, statuses } = await world.double.state();
    const ofOldHead = [
      ...Object.values(check_runs).map(({ head_sha, conclusion }) => [head_sha, conclusion]),
      ...statuses.map((one) => [one.sha, one.state]),
    ].findLast(([head]) => head === sha("a"));
    expect(ofOldHead).toEqual([sha("a"), "success"]);
  });

  test("a cancelled run is not shown if there is another", async () => {
    const { repository, happens, secondId } = await sharedHead();
    await happens(command(repository, "cancel", 1));
    expect(await happens(ended(repository, secondId, true))).toBe("success");
  });

  test("a re-run runs both, and the worst of both stands", async () => {
    const { repository, happens, firstId, secondId } = await sharedHead();
    await happens(ended(repository, firstId, false), ended(repository, secondId, true));
    expect(await happens(rerun(repository, "a", APP_ID))).toBe(mode === "app" ? "queued" : "pending");
    await happens(ended(repository, runOf(repository, "a", 2, 1), true));
    expect(await happens(ended(repository, runOf(repository, "a", 2, 2), false))).toBe("failure");
  });

  test("a merge group with the same head counts until it is destroyed", async () => {
    const { repository, happens, firstId, secondId } = await sharedHead();
    await happens(ended(repository, firstId, true), ended(repository, secondId, true));
    const group = `${repository.id}-mg-${sha("a").slice(0, 12)}-${sha("a")}-1`;
    await happens(mergeGroup(repository, "checks_requested", "a"));
    expect(await happens(ended(repository, group, false))).toBe("failure");
    expect(await happens(mergeGroup(repository, "destroyed", "a"))).toBe("success");
  });

  test("a pull request within a fork does not hide the one with the same head upstream", async () => {
    const { repository, world, happens, firstId, secondId } = await sharedHead();
    await happens(ended(repository, firstId, true), ended(repository, secondId, true));
    const fork = { ...freshRepository(), full_name: "mona/widgets" };
    await world.record(pullRequest(fork, 1)("opened", "a", 1));
    await world.record(ended(fork, runOf(fork, "a", 1, 1), false));
    await world.report();
    expect((await shownBy(world))[PULL_REQUEST[mode]]).toBe("success");
  });

  test("a push reports under a context of its own", async () => {
    const { repository, world, happens, firstId, secondId } = await sharedHead();
    await happens(push(repository, "base", "a", 1));
    await happens(ended(repository, firstId, false), ended(repository, secondId, false));
    const [pushed] = await rows<{ id: string }>("SELECT id FROM validations WHERE event = 'push'");
    await happens(ended(repository, pushed?.id ?? "", true));
    expect(await shownBy(world)).toEqual({ [PULL_REQUEST[mode]]: "failure", [PUSH[mode]]: "success" });
  });

  test("two repositories with one commit do not affect each other", async () => {
    const [ours, fork] = [freshRepository(), freshRepository()];
    const world = await openWorld({ mode, repositories: [ours.full_name, fork.full_name] });
    await world.record(pullRequest(ours, 1)("opened", "a", 1), pullRequest(fork, 1)("opened", "a", 1));
    await world.record(ended(ours, runOf(ours, "a", 1, 1), false), ended(fork, runOf(fork, "a", 1, 1), true));
    await world.report();
    expect((await told(world)).toSorted()).toEqual(["failure", "success"]);
  });
});

const SEEDS = seeds(4, 100);
const STEPS = 60;
const HEADS = ["a", "b"];
const FAULTS = [serverError, { ...serverError, after: true }, { ...badGateway, after: true }] as const;

interface Row {
  readonly id: string;
  readonly state: string;
}

async function happen(
  world: World,
  repository: Repository,
  random: RandomSource,
  step: number,
): Promise<void> {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const live = await rows<Row>("SELECT id, state FROM validations WHERE finished_at IS NULL");
  const one = live.length === 0 ? undefined : pick(live);
  const number = pick([1, 2, 3]);
  const head = pick(HEADS);
  const choice = random();
  if (choice < 0.25) {
    const action = step < 6 ? "opened" : pick(["synchronize", "synchronize", "closed", "reopened"] as const);
    await world.record(pullRequest(repository, number)(action, head, step));
  } else if (choice < 0.31) await world.record(push(repository, "base", head, step));
  else if (choice < 0.37) await world.record(mergeGroup(repository, "checks_requested", head));
  else if (choice < 0.4) await world.record(mergeGroup(repository, "destroyed", head));
  else if (choice < 0.45) await world.record(command(repository, "validate", number));
  else if (choice < 0.48) await world.record(command(repository, "cancel", number));
  else if (choice < 0.52) await world.record(rerun(repository, head, APP_ID));
  else if (choice < 0.62 && one !== undefined) await world.record(callback(repository, one.id, "running"));
  else if (choice < 0.84 && one !== undefined) {
    const failed = random() < 0.2;
    await world.record(
      failed
        ? callback(repository, one.id, "failed", { success: false })
        : ended(repository, one.id, random() < 0.5),
    );
  } else if (choice < 0.92)
    await world.double.fault({ path: "/(check-runs(/\\d+)?|statuses/\\w+)$" }, pick(FAULTS));
  else world.pass(random() * 90);
}

interface Verdict {
  readonly head_sha: string;
  readonly context: "push" | "pull_request";
  readonly state: string;
  readonly conclusion: string | null;
}

/** The newest runs of open subjects that say something, as the rows have them: judged here, not by the code under test. */
const OPEN_RUNS = `
  SELECT v.head_sha, CASE v.event WHEN 'push' THEN 'push' ELSE 'pull_request' END AS context, v.state, v.conclusion
  FROM validations v JOIN subjects s ON s.repository_id = v.repository_id AND s.subject = v.subject
  WHERE s.state = 'open' AND s.head_sha = v.head_sha AND v.state NOT IN ('cancelled', 'superseded')
    AND v.run = (SELECT max(run) FROM validations n WHERE n.repository_id = v.repository_id
                   AND n.subject = v.subject AND n.head_sha = v.head_sha)`;

const worstOf = (mode: Mode, runs: readonly Verdict[]): string[] => {
  const words = runs.map(({ state, conclusion }) => conclusion ?? (state === "failed" ? "failed" : "live"));
  if (words.includes("failure")) return ["failure"];
  if (words.includes("failed")) return [mode === "app" ? "failure" : "error"];
  if (words.includes("live")) return mode === "app" ? ["queued", "in_progress"] : ["pending"];
  return ["success"];
};

/** Rows that break a rule about reports: none, at any instant. */
const brokenRules = async () => {
  const rules = invariants(true).filter(({ number }) => number === 5);
  return (await Promise.all(rules.map(({ sql }) => rows(sql)))).flat();
};

describe.each<Mode>(["app", "token"])("as %s, whatever happens in whatever order,", (mode) => {
  test.each(SEEDS)("a commit shows the worst of its open subjects (seed %i)", async (seed) => {
    const random = seeded(seed);
    const repository = freshRepository();
    const world = await openWorld({ mode, repositories: [repository.full_name] });
    const consumers = [world.another(), world.another()];
    const reportAll = () => Promise.all(consumers.map((deps) => world.report(deps)));
    for (let step = 0; step < STEPS; step++) {
      await happen(world, repository, random, step);
      expect(await brokenRules(), `step ${step}`).toEqual([]);
      if (random() < 0.7) await reportAll();
    }
    await world.double.clearFaults();
    for (let turn = 0; turn < 5; turn++) {
      world.pass(900);
      await reportAll();
    }
    const { check_runs, statuses } = await world.double.state();
    const shown = new Map<string, string>([
      ...Object.values(check_runs)
        .toSorted((a, b) => a.id - b.id)
        .map((run) => [`${run.name} ${run.head_sha}`, run.conclusion ?? run.status] as const),
      ...statuses.map((one) => [`${one.context} ${one.sha}`, one.state] as const),
    ]);
    const verdicts = Map.groupBy(await rows<Verdict>(OPEN_RUNS), (run) => `${run.context} ${run.head_sha}`);
    for (const runs of verdicts.values()) {
      const [{ context, head_sha } = { context: "push", head_sha: "" }] = runs;
      const name = (context === "push" ? PUSH : PULL_REQUEST)[mode];
      expect(worstOf(mode, runs), `${name} ${head_sha}`).toContain(shown.get(`${name} ${head_sha}`));
    }
    // Only the newest check run of a context may still be waiting: nobody looks at those behind it.
    const hidden = Map.groupBy(Object.values(check_runs), (run) => `${run.name} ${run.head_sha}`);
    for (const runs of hidden.values())
      expect(
        runs
          .toSorted((a, b) => b.id - a.id)
          .slice(1)
          .filter((run) => run.conclusion === null),
      ).toEqual([]);
  });
});

test("a run that was not needed links to the one that passed", async () => {
  const repository = freshRepository();
  const world = await openWorld({ mode: "app", repositories: [repository.full_name] });
  const [id, tree_sha] = [runOf(repository, "a", 1, 1), sha("tree")];
  await world.record(pullRequest(repository, 1)("opened", "a", 1));
  const results = { success: true, tree_sha };
  await world.record(callback(repository, id, "completed", { success: true, results }));
  await world.record(push(repository, "z", "p", 700, { tree_id: tree_sha }));
  await world.report();
  expect(await textOf(world, PUSH.app)).toMatch(new RegExp(`\\[The run that passed\\]\\(<[^>]*/runs/${id}/`));
});
