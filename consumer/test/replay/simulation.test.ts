import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { expect, test } from "vitest";
import { seeds } from "../../../test/support/amount.ts";
import { type RandomSource, seeded } from "../../../test/support/random.ts";
import { empty, rows } from "../support/database.ts";
import { freshRepository, pullRequest, sha } from "../support/facts.ts";
import { Simulation } from "../support/simulation.ts";
import { expectInvariants } from "./support.ts";

/** The script of each is the same in every run, the interleaving of what runs at once is not. */
const SEEDS = seeds(8, 240);

/** The history of one pull request: pushes a few seconds apart, closes and reopens. */
function history(
  random: RandomSource,
  number: number,
  repository: ReturnType<typeof freshRepository>,
): DeliveryFact[] {
  const event = pullRequest(repository, number);
  let head = 0;
  let at = 1;
  const facts = [event("opened", `p${number}-0`, at)];
  for (let step = 0; step < Math.floor(random() * 5); step++) {
    at += 1 + Math.floor(random() * 3);
    const before = `p${number}-${head}`;
    if (random() < 0.7) {
      head++;
      facts.push(event("synchronize", `p${number}-${head}`, at, { before: sha(before) }));
    } else {
      facts.push(event("closed", before, at), event("reopened", before, at + 1));
      at++;
    }
  }
  if (random() < 0.2) facts.push(event("closed", `p${number}-${head}`, at + 1));
  return facts;
}

test.each(SEEDS)(
  "whatever is replayed, cancelled, re-run and pushed meanwhile, nothing is lost and nothing runs twice (seed %i)",
  async (seed) => {
    await empty();
    const random = seeded(seed);
    const repository = freshRepository();
    const facts = Array.from({ length: 6 }, (_, index) => history(random, index + 1, repository)).flat();
    const simulation = new Simulation(random, true);

    simulation.send(facts);
    await simulation.burst(80, { database: 0.1, grainchain: 0.2, deaths: 0.2 });
    await expectInvariants();
    await simulation.burst(80, { database: 0.1, grainchain: 0.2, deaths: 0.2 });
    await expectInvariants();
    await simulation.calm();

    await expectInvariants();
    expect(simulation.problems.filter((line) => line.includes('"replay.'))).toEqual([]);
    const recorded = await rows<{ id: string }>("SELECT id FROM deliveries");
    expect(recorded.map(({ id }) => id).toSorted()).toEqual(facts.map(({ id }) => id).toSorted());
    // What was replayed has an outcome, and belongs to a replay or was recorded by another way.
    expect(await rows("SELECT id FROM dead_letters WHERE status <> 'replayed' OR outcome IS NULL")).toEqual(
      [],
    );
    expect(await rows("SELECT id FROM replays WHERE replayed > total OR failed > replayed")).toEqual([]);
    expect(await rows("SELECT id FROM replays WHERE status = 'done' AND replayed <> total")).toEqual([]);
    for (const { id, state, conclusion } of await rows<{ id: string; state: string; conclusion: string }>(
      "SELECT id, state, conclusion FROM validations",
    )) {
      const run = simulation.runs.get(id);
      if (state === "completed") expect(conclusion).toBe(run?.success === true ? "success" : "failure");
      else expect(run?.status).not.toBe("running");
    }
  },
);
