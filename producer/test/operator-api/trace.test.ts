import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { NOW } from "../support/app.ts";
import { empty } from "../support/database.ts";
import { expectRefusal } from "../support/errors.ts";
import { repositoryId } from "../support/rows.ts";
import { startApi } from "./support/api.ts";
import {
  freshRepository,
  insertDeadLetter,
  insertDelivery,
  insertReport,
  insertTransition,
  insertValidation,
  minute,
  putSetting,
} from "./support/insert.ts";

beforeEach(empty);

interface Steps {
  readonly validations: readonly {
    readonly validation: { readonly id: string };
    readonly steps: readonly {
      readonly step: string;
      readonly detail: string;
      readonly gap_ms: number | null;
    }[];
  }[];
}

const ask = async (q: string) =>
  (await startApi().get(`/api/trace?q=${encodeURIComponent(q)}`)) as unknown as Steps &
    Record<string, unknown>;
const stepsOf = async (q: string) => (await ask(q)).validations[0]?.steps ?? [];

const HEAD = "c0ffee".padEnd(40, "0");
let pulls = 0;

/** A validation as a delivery made it, under an id as the gateway gives them. */
async function traced(row: Record<string, string | number | null> = {}) {
  const repository = freshRepository();
  const number = ++pulls;
  const head_sha = HEAD.slice(0, 32) + String(number).padStart(8, "0");
  const repository_id = await repositoryId(env.DB, repository);
  const id = `${repository_id}-pr-${number}-${head_sha}-1`;
  const guid = crypto.randomUUID();
  await insertValidation({
    id,
    repository_id,
    repository,
    pr_number: number,
    head_sha,
    delivery_id: guid,
    ...row,
  });
  await insertDelivery({
    id: guid,
    repository,
    validation_id: id,
    outcome: "started",
    occurred_at: minute(-1),
  });
  await insertTransition({ validation_id: id, delivery_id: guid });
  return { id, guid, repository, number, head_sha };
}

describe("the way of a validation", () => {
  test("is found by every form of question", async () => {
    const { id, guid, repository, number, head_sha } = await traced();
    const forms = [
      [guid, "delivery"],
      [guid.toUpperCase(), "delivery"],
      [id, "validation"],
      [`https://github.com/${repository}/pull/${number}`, "pull_request"],
      [`https://github.example.com/${repository}/pull/${number}/files?w=1#diff`, "pull_request"],
      [`${repository}#${number}`, "pull_request"],
      [`  ${repository.toUpperCase()}#${number} `, "pull_request"],
      [head_sha, "sha"],
      [head_sha.toUpperCase(), "sha"],
    ] as const;
    for (const [q, kind] of forms) {
      const answer = await ask(q);
      expect({ q, kind: answer.kind, ids: answer.validations.map((one) => one.validation.id) }).toEqual({
        q,
        kind,
        ids: [id],
      });
      expect(answer.deliveries).toMatchObject([{ id: guid }]);
    }
  });

  test("runs from the event on GitHub to the report posted to GitHub", async () => {
    const { id } = await traced({ state: "completed", conclusion: "success", finished_at: minute(3) });
    const move = (from_state: string, to_state: string, at: string, reason: string) =>
      insertTransition({ validation_id: id, from_state, to_state, at, reason });
    await move("queued", "dispatching", minute(0), "claimed for dispatch");
    await move("dispatching", "running", minute(1), "accepted by Grainchain as running");
    await move("running", "running", minute(2), "callback running");
    await move("running", "completed", minute(3), "callback completed");
    await insertReport({
      validation_id: id,
      state: "completed",
      status: "posted",
      posted_state: "completed",
      posted_at: minute(4),
    });
    expect((await stepsOf(id)).map(({ step, gap_ms }) => [step, gap_ms])).toEqual([
      ["happened", null],
      ["accepted", 60_000],
      ["recorded", 0],
      ["queued", 0],
      ["dispatching", 0],
      ["running", 60_000],
      ["callback", 60_000],
      ["completed", 60_000],
      ["reported", 60_000],
    ]);
  });

  test("of a busy pull request leaves out the older runs", async () => {
    const repository = freshRepository();
    for (let run = 0; run < 25; run++) {
      await insertValidation({ repository, pr_number: 7, created_at: minute(run) });
    }
    const { validations } = await ask(`${repository}#7`);
    expect(validations).toHaveLength(20);
  });
});

describe("what a validation waits for", () => {
  const closed = {
    state: "closed",
    reason: "backpressure",
    detail: "HTTP 429: at capacity",
    since: minute(40),
    until: "2026-11-23T10:00:30.000Z",
    step: 3,
  };

  test("is the gate, and since when", async () => {
    const { repository, number } = await traced();
    await putSetting("gate:grainchain", closed);
    const [now] = (await stepsOf(`https://github.com/${repository}/pull/${number}`)).slice(-1);
    expect(now).toEqual({
      at: NOW,
      step: "now",
      gap_ms: 3_600_000,
      detail: `waiting: Grainchain's gate has been closed since ${closed.since} (backpressure: HTTP 429: at capacity), next try ${closed.until}`,
    });
  });

  test("is its turn, counted for each", async () => {
    const repository = freshRepository();
    const ids: string[] = [];
    for (const turn of [10, 30, 50]) ids.push(await insertValidation({ repository, pr_number: 9, turn }));
    for (const turn of [5, 20, 20, 40]) await insertValidation({ turn });
    await insertValidation({ turn: 1, due_at: "2026-11-23T10:30:00.000Z" });
    await insertValidation({ turn: 1, lane: 1 });
    const { validations } = await ask(`${repository}#9`);
    const words = new Map(validations.map(({ validation, steps }) => [validation.id, steps.at(-1)?.detail]));
    expect(ids.map((id) => words.get(id))).toEqual(
      [1, 4, 6].map(
        (ahead) =>
          `waiting for its turn or for capacity at Grainchain; ahead of it: ${ahead} run${ahead === 1 ? "" : "s"}`,
      ),
    );
  });

  test("is its backoff", async () => {
    const due_at = "2026-11-23T10:05:00.000Z";
    const { id } = await traced({ due_at, error: "HTTP 500: boom", attempts: 2 });
    expect((await stepsOf(id)).at(-1)?.detail).toBe(`waiting until ${due_at} to try again: HTTP 500: boom`);
  });

  test.each([
    ["dispatching", "being sent to Grainchain"],
    ["pending", "waiting for its result from Grainchain"],
    ["running", "waiting for its result from Grainchain"],
  ])("is Grainchain where it is %s", async (state, detail) => {
    const { id } = await traced({ state, lease_id: state === "dispatching" ? "lease" : null });
    expect((await stepsOf(id)).at(-1)).toMatchObject({ step: "now", detail });
  });

  test("is shown afterwards too: what Grainchain answered meanwhile, and how long it took", async () => {
    // One was asked for and refused, the other never got so far.
    const probe = await traced();
    const waited = await traced({ state: "running" });
    const refuse = (at: string, reason: string) =>
      insertTransition({
        validation_id: probe.id,
        from_state: "dispatching",
        to_state: "queued",
        at,
        reason,
      });
    const claim = (id: string, at: string) =>
      insertTransition({
        validation_id: id,
        from_state: "queued",
        to_state: "dispatching",
        at,
        reason: "claimed for dispatch",
      });
    await refuse(minute(-5), "backpressure: HTTP 503: long ago");
    await claim(probe.id, minute(1));
    await refuse(minute(1), "backpressure: HTTP 503: full");
    await claim(probe.id, minute(4));
    await refuse(minute(4), "backpressure: HTTP 429: at capacity");
    await claim(waited.id, minute(7));
    await refuse(minute(8), "retryable: HTTP 500");
    const { repository, number } = waited;
    const step = (await stepsOf(`https://github.com/${repository}/pull/${number}`)).find(
      (one) => one.step === "dispatching",
    );
    expect(step).toMatchObject({
      gap_ms: 7 * 60_000,
      detail: "claimed for dispatch; meanwhile Grainchain answered: backpressure: HTTP 429: at capacity",
    });
  });

  test("is shown afterwards if it waited only for its turn", async () => {
    const { id } = await traced({ state: "running" });
    await insertTransition({
      validation_id: id,
      from_state: "queued",
      to_state: "dispatching",
      at: minute(3),
      reason: "claimed for dispatch",
    });
    expect((await stepsOf(id)).find(({ step }) => step === "dispatching")?.detail).toBe(
      "claimed for dispatch; waited for its turn or for capacity",
    );
  });
});

describe("what died", () => {
  test("shows its dead letter and the outcome", async () => {
    const { id, repository } = await traced({ state: "dead", finished_at: minute(2) });
    await insertDeadLetter({
      id: `dispatch-${id}`,
      validation_id: id,
      repository,
      died_at: minute(2),
      outcome: "replayed, and dead again",
    });
    expect((await stepsOf(id)).at(-1)).toMatchObject({
      step: "dead letter",
      detail: `dispatch-${id}: permanent after 1 attempt, open (replayed, and dead again)`,
    });
    expect(await ask(id)).toMatchObject({ validations: [{ dead_letters: [{ id: `dispatch-${id}` }] }] });
  });

  test("before it was recorded is found by its GUID", async () => {
    const guid = crypto.randomUUID();
    await insertDeadLetter({ id: `fact-${guid}`, kind: "fact", class: "unrecorded", delivery_id: guid });
    expect(await ask(guid)).toMatchObject({
      kind: "delivery",
      deliveries: [],
      validations: [],
      dead_letters: [{ id: `fact-${guid}`, class: "unrecorded" }],
    });
  });
});

test.each([
  crypto.randomUUID(),
  "nothing-of-it",
  "octo/nothing#1",
  "https://github.com/octo/nothing/pull/1",
  "fffffff",
  `1-pr-1-${"f".repeat(40)}-1`,
])("nothing is known of %s", async (q) => {
  await expectRefusal(await startApi().ask("GET", `/api/trace?q=${encodeURIComponent(q)}`), 404, "not_found");
});
