import { env } from "cloudflare:workers";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { expect, test } from "vitest";
import { seeds } from "../../../test/support/amount.ts";
import { type RandomSource, seeded } from "../../../test/support/random.ts";
import { empty, rows } from "../support/database.ts";
import { freshRepository, pullRequest, sha } from "../support/facts.ts";
import { Simulation } from "../support/simulation.ts";

/** The script of each is the same in every run, the interleaving of what runs at once is not. */
const SEEDS = seeds(10, 400);

interface Pull {
  readonly key: string;
  readonly facts: readonly DeliveryFact[];
  readonly lastHead: string;
  readonly open: boolean;
}

/** The history of one pull request: some pushes a few seconds apart, and perhaps a close. */
function history(random: RandomSource, number: number, repository: ReturnType<typeof freshRepository>): Pull {
  const event = pullRequest(repository, number);
  const heads = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, push) => `p${number}-${push}`);
  let at = 0;
  const facts = heads.map((head, push) => {
    at += push === 0 ? 0 : Math.floor(random() * 3);
    const before = heads[push - 1];
    return before === undefined
      ? event("opened", head, at)
      : event("synchronize", head, at, { before: sha(before) });
  });
  const last = heads.at(-1) ?? "";
  const open = random() < 0.7;
  return {
    key: `${repository.id}/pr-${number}`,
    facts: open ? facts : [...facts, event("closed", last, at + 1)],
    lastHead: sha(last),
    open,
  };
}

async function brokenInvariants(): Promise<string[]> {
  const found = await Promise.all(
    invariants(true).map(async ({ number, rule, sql }) =>
      (await rows<{ id: string; problem: string }>(sql)).map(
        (row) => `${number} ${rule}: ${row.id}: ${row.problem}`,
      ),
    ),
  );
  return found.flat();
}

test.each(SEEDS)("nothing is lost and nothing runs twice, whatever fails (seed %i)", async (seed) => {
  await empty();
  const random = seeded(seed);
  const repository = freshRepository();
  const pulls = Array.from({ length: 8 }, (_, index) => history(random, index + 1, repository));
  const facts = pulls.flatMap((pull) => pull.facts);
  const simulation = new Simulation(random);

  simulation.send(facts);
  await simulation.burst(120, { database: 0.15, grainchain: 0.3 });
  expect(await brokenInvariants()).toEqual([]);
  await simulation.calm();

  expect(await brokenInvariants()).toEqual([]);
  const recorded = await rows<{ id: string }>("SELECT id FROM deliveries");
  expect(recorded.map(({ id }) => id).toSorted()).toEqual(facts.map(({ id }) => id).toSorted());
  expect(await rows("SELECT * FROM dead_letters")).toEqual([]);
  const validations = await rows<{
    id: string;
    subject: string;
    head_sha: string;
    state: string;
    conclusion: string;
  }>("SELECT id, subject, head_sha, state, conclusion FROM validations");
  for (const pull of pulls) {
    const of = validations.filter(({ subject }) => pull.key.endsWith(`/${subject}`));
    const last = of.filter(({ head_sha }) => head_sha === pull.lastHead);
    if (pull.open) expect(last.map(({ state }) => state)).toContain("completed");
  }
  const completed = validations.filter(({ state }) => state === "completed");
  expect(completed.length).toBeGreaterThan(0);
  for (const { id, conclusion } of completed) {
    const run = simulation.runs.get(id);
    expect({ id, conclusion }).toEqual({ id, conclusion: run?.success === true ? "success" : "failure" });
  }
  const stillRunning = [...simulation.runs].filter(([, run]) => run.status === "running");
  expect(stillRunning).toEqual([]);
  expect(await env.DB.prepare("SELECT count(*) AS n FROM commit_guard").first("n")).toBe(0);
});
