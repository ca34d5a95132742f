import { expect, test } from "vitest";
import {
  answers,
  answersAfterAccepting,
  decides,
  type FaultPolicy,
  hangs,
  hangsAfterAccepting,
  hasNoBatch,
  isAtCapacity,
  resets,
  serves,
} from "../../grainchain/fault-policies.ts";
import {
  callsBackInReverse,
  contradictsItself,
  failsTests,
  losesCallbacks,
  repeatsCallbacks,
  succeeds,
  succeedsAfter,
  succeedsSilentlyAfter,
  succeedsWithLongOutput,
} from "../../grainchain/scenarios.ts";
import { seeds } from "../../support/amount.ts";
import { Random } from "../../support/random.ts";
import { eventually } from "../../system/activity.ts";
import { freshRepository, PAST } from "../../system/driver.ts";
import { PullRequest, type ScriptedDelivery } from "../support/pull-request.ts";
import { shared } from "./gateway.ts";

const PULLS = 30;
const EVENTS = 120;
const AT_ONCE = 10;

test.each(seeds(1))("ends a random script with a result for every open head (seed %i)", async (seed) => {
  const random = new Random(seed);
  const { gateway, grainchain, advance, settle, expectConsistent } = shared();
  const { script, sandboxes } = grainchain;
  const { promise: calm, resolve: finishAll } = Promise.withResolvers<void>();
  const scenarios = [
    ...SCENARIOS,
    succeedsAfter(calm),
    succeedsAfter(calm),
    succeedsSilentlyAfter(calm),
  ] as const;
  // Each run has its own scenario, which depends on its head and not on the order of arrival.
  script.scenario = (run) =>
    new Random(random.seed ^ Number.parseInt(run.request.head_sha.slice(0, 7), 16)).pick(scenarios)(run);
  script.other = (call, serve) => (random.chance(0.3) ? answers(500)(call, serve) : serve());
  const { pulls, deliveries } = writeScript(random);

  // Chunks arrive in random order, with some repeated deliveries, each chunk under another fault policy.
  for (let from = 0; from < deliveries.length; from += AT_ONCE) {
    const chunk = deliveries.slice(from, from + AT_ONCE);
    const again = deliveries.slice(0, from + 1).filter(() => random.chance(0.03));
    script.policy = random.pick(POLICIES);
    const sent = await Promise.all(random.shuffle([...chunk, ...again]).map(gateway.deliver));
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([202]));
    await gateway.waitFor(RECORDED, JSON.stringify(chunk.map(({ guid }) => guid)), chunk.length);
    if (random.chance(0.7)) await advance();
  }

  // The faults end. The watchdog finds the runs that lost their callbacks, since their time is over.
  Object.assign(script, { policy: serves, other: serves });
  finishAll();
  await eventually("nothing queued", async () => {
    await advance();
    return (
      (await gateway.rows("SELECT 1 FROM validations WHERE state IN ('queued', 'dispatching')")).length === 0
    );
  });
  await sandboxes.ended();
  await gateway.rows(
    `UPDATE validations SET heard_at = '${PAST}', watch_from = '${PAST}', watch_until = NULL WHERE state IN ('pending', 'running')`,
  );
  await gateway.rows(`UPDATE cancels SET due_at = '${PAST}' WHERE status = 'due'`);
  await settle();

  const verdicts = await gateway.rows(SELECT_VERDICTS);
  expect(pulls.filter((pull) => pull.open).length).toBeGreaterThan(PULLS / 4);
  for (const pull of pulls) {
    const where = `${pull.repo}#${pull.number} ${pull.head}`;
    const runs = verdicts.filter((row) => row.repository === pull.repo && row.pr_number === pull.number);
    const [latest] = runs.filter((row) => row.head_sha === pull.head);
    if (pull.open) expect(latest, where).toMatchObject({ state: "completed" });
    const run = sandboxes.runs.get(String(latest?.id));
    if (pull.open) expect(withoutOutput(String(latest?.results)), where).toEqual(withoutOutput(run?.results));
    const others = runs.filter((row) => row !== latest).map(({ state }) => state);
    expect(
      others.filter((state) => !["completed", "superseded", "cancelled"].includes(String(state))),
      where,
    ).toEqual([]);
  }
  expect([...sandboxes.runs.values()].filter((run) => !run.finished)).toEqual([]);
  expect(await gateway.rows("SELECT * FROM dead_letters")).toEqual([]);
  await expectConsistent();
});

/** Opens every pull request, and adds random events to them. */
function writeScript(random: Random): { pulls: PullRequest[]; deliveries: ScriptedDelivery[] } {
  const repos = [freshRepository(), freshRepository(), freshRepository(), freshRepository()] as const;
  const pulls = Array.from(
    { length: PULLS },
    (_, i) => new PullRequest(random.pick(repos), i + 1, random.sha()),
  );
  const deliveries = pulls.map((pull) => pull.opened());
  for (let event = 0; event < EVENTS; event++) {
    const pull = pulls[random.below(PULLS)];
    if (pull === undefined) continue;
    if (!pull.open) deliveries.push(pull.reopened());
    else if (random.chance(0.25)) deliveries.push(pull.closed());
    else deliveries.push(pull.pushed(random.sha(), random.chance(0.2)));
  }
  return { pulls, deliveries };
}

const SCENARIOS = [
  succeeds,
  succeeds,
  failsTests,
  repeatsCallbacks,
  callsBackInReverse,
  contradictsItself,
  succeedsWithLongOutput,
  losesCallbacks,
] as const;

const oneInThree: FaultPolicy = decides(
  ({ pr_number }) => (["accept", "omit", "omit-accepted"] as const)[pr_number % 3] ?? "accept",
);

const POLICIES = [
  serves,
  serves,
  oneInThree,
  hangs,
  hangsAfterAccepting,
  resets,
  isAtCapacity,
  answers(429, "", { "retry-after": "1" }),
  answers(500),
  answersAfterAccepting(502, "<html>"),
  answersAfterAccepting(200, "garbage"),
  answers(401),
  hasNoBatch(404),
] as const;

const RECORDED = `
  SELECT 1 FROM (SELECT count(*) AS n FROM deliveries WHERE id IN (SELECT value FROM json_each(?1))) WHERE n = ?2`;
/** The row of a run with large results has all but their output, and where they are kept whole. */
const withoutOutput = (results: unknown): unknown =>
  JSON.parse(typeof results === "string" ? results : JSON.stringify(results), (key, value: unknown) =>
    key === "output" || key === "archived" ? undefined : value,
  );

const SELECT_VERDICTS = "SELECT * FROM validations ORDER BY repository, pr_number, run DESC, created_at DESC";
