/** A Grainchain like CodegenApp's: ids of repository, number and second, runs in memory, and one callback at the end. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { watchStale } from "../../src/dispatch/watchdog.ts";
import { empty, row } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { clockAt, createDouble, effectDeps, json, take } from "../support/grainchain.ts";
import { expectConsistent } from "../support/invariants.ts";
import { record, timelineOf, validationOf } from "../support/recording.ts";

beforeEach(empty);

const TIMES = { validationTimeoutMs: 60_000, requestTimeoutMs: 30_000, maxAgeMs: 21_600_000 };

/** A validation that was dispatched at second 3600. */
async function dispatched() {
  const clock = clockAt(3600);
  const runs = new Map<string, object>();
  const keys: string[] = [];
  let before = async (): Promise<void> => {};
  const double = createDouble(async (call) => {
    if (call.method === "GET") {
      const first = before;
      before = async () => {};
      await first();
      const run = runs.get(call.path.split("/")[1] ?? "");
      return run === undefined ? json({ detail: "Validation not found" }, 404) : json(run);
    }
    keys.push(...call.requests.map(({ client_request_id }) => client_request_id));
    return take(call, (one) => {
      const validation_id = `val_octo_widgets_${one.pr_number}_${Math.floor(clock.nowMs / 1000)}`;
      runs.set(validation_id, {
        validation_id,
        project_id: "octo/widgets",
        pr_number: 12,
        status: "pending",
      });
      return { validation_id };
    });
  });
  const deps = effectDeps(double, { clock });
  const repository = freshRepository();
  const id = `${repository.id}-pr-12-${sha("a")}-1`;
  await record([pullRequest(repository)("opened", "a", 1)]);
  await dispatchDue(deps);
  const at = (seconds: number) => () => new Date(second(seconds));
  return {
    ...{ repository, id, keys, runs },
    restart: () => runs.clear(),
    /** Happens before Grainchain answers the next question. */
    meanwhile: (happens: () => Promise<void>) => {
      before = happens;
    },
    dispatch: () => dispatchDue(deps),
    async watchLater() {
      clock.nowMs += 180_000;
      await watchStale({ ...deps, config: TIMES });
    },
    hear: (seconds: number, ...[status, fields]: Said) =>
      record([callback(repository, id, status, { received_at: second(seconds), ...fields })], {
        now: at(seconds),
      }),
  };
}

type Said = [status: "running" | "completed", fields?: object];

test("a run that a restart has lost is dispatched once more, and times out if it is lost again", async () => {
  const { repository, id, keys, restart, watchLater, dispatch } = await dispatched();
  restart();
  await watchLater();
  expect(await validationOf(id)).toMatchObject({ state: "queued", grainchain_id: null, due_at: null });
  expect(await row("SELECT state, status FROM reports")).toEqual({ state: "queued", status: "due" });
  await dispatch();
  expect([keys, (await validationOf(id)).state]).toEqual([[id, id], "pending"]);
  await expectConsistent(repository.id);

  restart();
  await watchLater();
  expect(await validationOf(id)).toMatchObject({
    state: "timed_out",
    error: "Grainchain does not know this validation",
  });
  expect(
    (await timelineOf(id)).map(({ reason }) => reason).filter((one) => one.includes("once more")),
  ).toHaveLength(1);
  await expectConsistent(repository.id);
});

test("two watchdogs that find a run lost dispatch it once more, and only once", async () => {
  const { id, keys, restart, watchLater, dispatch, meanwhile } = await dispatched();
  restart();
  meanwhile(async () => {
    await watchLater();
    await dispatch();
  });
  await watchLater();
  expect([keys, (await validationOf(id)).state]).toEqual([[id, id], "pending"]);
});

test("a run that was dispatched once more ends as any other", async () => {
  const { id, restart, watchLater, dispatch, hear } = await dispatched();
  restart();
  await watchLater();
  await dispatch();
  await hear(3800, "completed", { success: true });
  expect(await validationOf(id)).toMatchObject({ state: "completed", conclusion: "success" });
});

test.each([
  ["by a callback", async ({ hear }: World) => hear(3610, "running")],
  ["when it was asked for", async ({ watchLater }: World) => watchLater()],
])("a run that was heard of %s is not dispatched again", async (_, listen) => {
  const world = await dispatched();
  await listen(world);
  world.restart();
  await world.watchLater();
  expect((await validationOf(world.id)).state).toBe("timed_out");
});

type World = Awaited<ReturnType<typeof dispatched>>;

test("a run of which only the end is heard began with its dispatch", async () => {
  const { id, hear } = await dispatched();
  await hear(3700, "completed", { success: true });
  expect(await validationOf(id)).toMatchObject({ started_at: second(3600), finished_at: second(3700) });
});

test.each([
  ["its own", { started_at: second(3605), completed_at: second(3690) }, 3605, 3690],
  [
    "its own, of a clock that runs behind",
    { started_at: second(3400), completed_at: second(3490) },
    3400,
    3490,
  ],
  ["its end only, before the dispatch", { completed_at: second(3590) }, 3590, 3590],
  ["the gateway's if they cannot be true", { started_at: second(0), completed_at: second(10) }, 3600, 3700],
  ["none of the future", { started_at: second(9000), completed_at: second(9001) }, 3700, 3700],
])("the times of a run are %s", async (_, times, start, end) => {
  const { id, hear } = await dispatched();
  await hear(3700, "completed", { success: true, ...times });
  expect(await validationOf(id)).toMatchObject({ started_at: second(start), finished_at: second(end) });
});

test("the times of a run that is asked for are Grainchain's own, with or without a zone", async () => {
  const { id, runs, watchLater } = await dispatched();
  const times = { started_at: second(3605).replace("Z", ""), completed_at: second(3690) };
  for (const key of runs.keys()) runs.set(key, { status: "completed", results: { success: true }, ...times });
  await watchLater();
  expect(await validationOf(id)).toMatchObject({ started_at: second(3605), finished_at: second(3690) });
  const ended = "SELECT key FROM tallies WHERE kind = 'ended'";
  expect(await env.DB.prepare(ended).first("key")).toBe(second(3690).slice(0, 16));
});
