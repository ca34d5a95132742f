import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import {
  badCredentials,
  badGateway,
  secondaryRateLimit,
  serverError,
} from "../../../test/github/client/fault.ts";
import { seeds } from "../../../test/support/amount.ts";
import { type RandomSource, seeded } from "../../../test/support/random.ts";
import { empty, faulty, rows } from "../support/database.ts";
import { callback, command, freshRepository, pullRequest } from "../support/facts.ts";
import { openWorld, type Repository, type World } from "../support/github.ts";

beforeEach(async () => {
  await empty();
});

const STEPS = 90;
const PULLS = [1, 2, 3];
const FAULTS = [
  serverError,
  { ...badGateway, after: true },
  { ...serverError, after: true },
  secondaryRateLimit(7),
  badCredentials,
  { status: 201, body: "not JSON", after: true },
] as const;

const WRITES = "/(check-runs(/\\d+)?|statuses/\\w+)$";

/** The script of each is the same in every run, the interleaving of what runs at once is not. */
const SEEDS = seeds(4, 100);

interface Row {
  readonly id: string;
  readonly state: string;
  readonly conclusion: string | null;
  readonly head_sha: string;
}

/** One thing that happens to a pull request, to GitHub, or to the clock. */
async function happen(
  world: World,
  repository: Repository,
  random: RandomSource,
  step: number,
): Promise<void> {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const live = await rows<Row>("SELECT id, state FROM validations WHERE finished_at IS NULL");
  const one = live.length === 0 ? undefined : pick(live);
  const number = pick(PULLS);
  const choice = random();
  if (choice < 0.2) {
    const action = step < 4 ? "opened" : pick(["synchronize", "synchronize", "closed", "reopened"] as const);
    await world.record(pullRequest(repository, number)(action, `${number} ${Math.floor(step / 8)}`, step));
  } else if (choice < 0.25) await world.record(command(repository, "validate", number));
  else if (choice < 0.42 && one !== undefined) await world.record(callback(repository, one.id, "running"));
  else if (choice < 0.58 && one !== undefined) {
    const success = random() < 0.5;
    await world.record(callback(repository, one.id, "completed", { success, results: { success } }));
  } else if (choice < 0.75) await world.double.fault({ path: WRITES }, pick(FAULTS));
  else if (choice < 0.78) await world.double.fault({}, pick(FAULTS));
  else if (choice < 0.81) await world.double.revokeTokens();
  else world.pass(random() * 90);
}

/** The outcomes of each validation's own posts, in order. */
async function postsOf(world: World): Promise<Map<string, string[]>> {
  const { check_runs, statuses } = await world.double.state();
  const posts = new Map<string, string[]>();
  const add = (id: string, words: unknown[]) => posts.set(id, [...(posts.get(id) ?? []), words.join(" ")]);
  for (const run of Object.values(check_runs)) {
    for (const { body } of run.history) add(String(body.external_id), [body.conclusion ?? body.status]);
  }
  for (const one of statuses)
    add(String(one.target_url).split("/").at(-2) ?? "", [one.state, one.description]);
  return posts;
}

/** How the last word about a validation begins, by its state. */
function lastWord(mode: string, { state, conclusion }: Row): string {
  if (mode === "app") {
    const live = { queued: "queued", pending: "in_progress", running: "in_progress" }[state];
    return live ?? conclusion ?? "cancelled";
  }
  const live = { queued: "pending Waiting", pending: "pending Validation", running: "pending Validation" }[
    state
  ];
  return live ?? conclusion ?? "error";
}

describe.each(["app", "token"] as const)("as %s, whatever goes wrong,", (mode) => {
  test.each(SEEDS)("GitHub shows the final states, and nothing is posted twice (seed %i)", async (seed) => {
    const random = seeded(seed);
    const repository = freshRepository();
    const world = await openWorld({ mode, repositories: [repository.full_name] });
    let outage = true;
    const db = faulty(env.DB, () => {
      if (!outage || random() > 0.06) return "never";
      return random() < 0.5 ? "before" : "after";
    });
    const consumers = [world.another({}, db), world.another({}, db)];
    const reportAll = () =>
      Promise.all(
        consumers.map((deps) => world.report(deps).catch((thrown: unknown) => ignoreInjected(thrown))),
      );
    for (let step = 0; step < STEPS; step++) {
      await happen(world, repository, random, step);
      if (random() < 0.7) await reportAll();
    }
    outage = false;
    await world.double.clearFaults();
    for (let turn = 0; turn < 8; turn++) {
      world.pass(900);
      await reportAll();
    }

    expect(
      await rows("SELECT validation_id, reason, error FROM reports WHERE status IN ('due', 'dead')"),
    ).toEqual([]);
    const posts = await postsOf(world);
    expect(posts.size).toBeGreaterThan(0);
    for (const [id, words] of posts)
      expect(words, id).toEqual(words.filter((word, at) => word !== words[at - 1]));
    const told = await rows<Row>(
      `SELECT v.id, v.state, v.conclusion, v.head_sha FROM validations v JOIN reports r ON r.validation_id = v.id
       WHERE r.status = 'posted'`,
    );
    for (const row of told)
      expect(posts.get(row.id)?.at(-1), row.id).toMatch(new RegExp(`^${lastWord(mode, row)}`));
    const external = Object.values((await world.double.state()).check_runs).map(
      ({ external_id }) => external_id,
    );
    expect(new Set(external).size).toBe(external.length);
  });
});

function ignoreInjected(thrown: unknown): void {
  if (!(thrown instanceof Error) || !thrown.message.includes("injected")) throw thrown;
}
