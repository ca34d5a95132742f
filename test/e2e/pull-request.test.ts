import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { type Grainchain, startGrainchain } from "../../grainchain/src/server.ts";
import { cleanUpAfterFile } from "../system/file-end.ts";
import { processesWith } from "../system/processes.ts";
import { commitFiles, makeDirectory, stepsFile } from "../system/repositories.ts";
import { type Gateway, SECRETS, startGateway } from "./support/gateway.ts";

/** One system for all tests, with a directory of real repositories: one for each test. */
const reposDir = makeDirectory();
const whenDone = cleanUpAfterFile();
let grainchain: Grainchain;
let gateway: Gateway;
let repositories = 0;

beforeAll(async () => {
  grainchain = await startGrainchain({
    port: 0,
    reposDir,
    callbackSecret: SECRETS.GRAINCHAIN_CALLBACK_SECRET,
    callbackBackoffMs: 50,
  });
  whenDone(() => grainchain.close());
  gateway = await startGateway(grainchain.url, { WEBHOOK_DEBUG_MODE: "true" }, whenDone);
});

/** A repository that no other test uses. */
function makeRepository() {
  const repo = `acme/widgets-${++repositories}`;
  const startedBefore = grainchain.startedTotal();
  return {
    repo,
    commit: (files: Record<string, string>) => commitFiles(reposDir, repo, files),
    send: (name: string, head: string, now = new Date()) => gateway.send(name, { repo, pr: 1, head, now }),
    open: async (head: string) => {
      const sent = await gateway.send("pull_request.opened", { repo, pr: 1, head });
      expect(sent.status).toBe(202);
      return sent.guid;
    },
    /** How many sandboxes have run since then. */
    started: () => grainchain.startedTotal() - startedBefore,
    waitForRun: () =>
      gateway.waitFor("SELECT id FROM validations WHERE repository = ?1 AND state = 'running'", repo),
    waitForCancel: () =>
      gateway.waitFor(
        `SELECT c.* FROM cancels c JOIN validations v ON v.id = c.validation_id
         WHERE v.repository = ?1 AND c.status = 'done' AND c.outcome = 'cancelled'`,
        repo,
      ),
    validations: () => gateway.rows("SELECT head_sha, state FROM validations WHERE repository = ?1", repo),
  };
}

test("runs a pull request's tests, and stores the result with its whole timeline", async () => {
  const { repo, commit, open } = makeRepository();
  const guid = await open(commit(stepsFile({ name: "test", run: "echo all is well" })));

  const row = await gateway.waitForEnd(guid);

  expect(row).toMatchObject({ state: "completed", conclusion: "success", attempts: 1, repository: repo });
  expect(JSON.parse(String(row.results))).toMatchObject({
    success: true,
    test_results: {
      overall_success: true,
      test: { status: "passed", exit_code: 0, output: "all is well\n" },
    },
  });
  const timeline = await gateway.rows(
    "SELECT from_state, to_state FROM timeline WHERE validation_id = ?1 AND from_state IS NOT to_state ORDER BY id",
    String(row.id),
  );
  expect(timeline[0]).toEqual({ from_state: null, to_state: "queued" });
  expect(timeline[1]).toEqual({ from_state: "queued", to_state: "dispatching" });
  expect(timeline.at(-1)).toMatchObject({ to_state: "completed" });
  const report = await gateway.waitFor(
    "SELECT * FROM reports WHERE validation_id = ?1 AND status <> 'due'",
    String(row.id),
  );
  expect(report).toMatchObject({ state: "completed", conclusion: "success", status: "skipped" });
});

test("ends a repository with failing tests as a failure of the change", async () => {
  const { commit, open } = makeRepository();
  const guid = await open(commit(stepsFile({ name: "test", run: "echo 1 test failed >&2; exit 3" })));

  const row = await gateway.waitForEnd(guid);

  expect(row).toMatchObject({ state: "completed", conclusion: "failure" });
  expect(String(row.results)).toContain("1 test failed");
});

test("ends a commit that cannot be cloned as a failure of the sandbox", async () => {
  const { commit, open } = makeRepository();
  commit({});
  const guid = await open("0123456789".repeat(4));

  const row = await gateway.waitForEnd(guid);

  expect(row).toMatchObject({ state: "failed", conclusion: null });
  expect(row.error).toMatch(/was not found/);
});

test("kills a step that is over its time limit, with its children, and reports that", async () => {
  const { commit, open } = makeRepository();
  const guid = await open(
    commit(stepsFile({ name: "slow", run: "sleep 86413 & echo waits; wait", timeout: 1 })),
  );

  const row = await gateway.waitForEnd(guid);

  expect(row).toMatchObject({ state: "completed", conclusion: "failure" });
  const { slow } = JSON.parse(String(row.results)).test_results;
  expect(slow.status).toBe("timed_out");
  expect(slow.output).toMatch(/^waits\n/);
  expect(processesWith("sleep 86413")).toEqual([]);
});

test("supersedes the run of an older head, and cancels it at Grainchain", async () => {
  const { commit, send, started, waitForRun, waitForCancel } = makeRepository();
  const older = commit(stepsFile({ name: "wait", run: "sleep 60" }));
  const newer = commit(stepsFile({ name: "test", run: "true" }));
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
  const first = await send("pull_request.opened", older, at(0));
  await waitForRun();

  const second = await send("pull_request.synchronize", newer, at(1));

  expect(await gateway.waitForEnd(second.guid)).toMatchObject({ state: "completed", conclusion: "success" });
  expect(await gateway.waitForEnd(first.guid)).toMatchObject({ state: "superseded" });
  await waitForCancel();
  expect(started()).toBe(2);
});

test("cancels the run of a pull request that is closed", async () => {
  const { commit, send, waitForRun, waitForCancel } = makeRepository();
  const head = commit(stepsFile({ name: "wait", run: "sleep 60" }));
  const opened = await send("pull_request.opened", head, new Date(0));
  await waitForRun();

  await send("pull_request.closed", head, new Date(1000));

  expect(await gateway.waitForEnd(opened.guid)).toMatchObject({ state: "cancelled" });
  await waitForCancel();
});

test("changes nothing if an older push arrives after a newer one", async () => {
  const { commit, send, started, validations } = makeRepository();
  const older = commit(stepsFile({ name: "test", run: "exit 1" }));
  const newer = commit(stepsFile({ name: "test", run: "true" }));
  const latest = await send("pull_request.synchronize", newer, new Date(9000));
  await gateway.waitForEnd(latest.guid);

  const late = await send("pull_request.synchronize", older, new Date(3000));

  expect(await gateway.waitFor("SELECT outcome FROM deliveries WHERE id = ?1", late.guid)).toEqual({
    outcome: "stale",
  });
  expect(await validations()).toEqual([{ head_sha: newer, state: "completed" }]);
  expect(started()).toBe(1);
});

test("records the same delivery twenty times as one, with one validation", async () => {
  const { repo, commit, started, validations } = makeRepository();
  const head = commit(stepsFile({ name: "test", run: "true" }));
  const guid = randomUUID();
  const now = new Date();

  const sent = await Promise.all(
    Array.from({ length: 20 }, () => gateway.send("pull_request.opened", { repo, pr: 1, head, now, guid })),
  );

  expect(sent.map(({ status }) => status)).toEqual(Array(20).fill(202));
  await gateway.waitForEnd(guid);
  expect(await gateway.rows("SELECT id FROM deliveries WHERE repository = ?1", repo)).toEqual([{ id: guid }]);
  expect(await validations()).toHaveLength(1);
  expect(started()).toBe(1);
});

test("logs no secret, token or signature, whatever has run", async () => {
  const { commit, open } = makeRepository();
  await gateway.waitForEnd(await open(commit(stepsFile({ name: "test", run: "true" }))));
  await fetch(`${gateway.url}/webhook/github`, { method: "POST", body: "{}" });

  const logs = gateway.logs();

  expect(logs).toContain("delivery.accepted");
  expect(logs).toContain("callback.accepted");
  expect(logs).not.toContain("/callbacks/");
  expect(logs).not.toContain("sha256=");
  for (const secret of Object.values(SECRETS)) expect(logs).not.toContain(secret);
});

test("accepts 500 deliveries sent at once and records each exactly once", async () => {
  const { repo } = makeRepository();
  // The runs do not matter here: without a Grainchain, the gate closes.
  await grainchain.close();

  const sent = await Promise.all(
    Array.from({ length: 500 }, (_, i) => gateway.send("pull_request.opened", { repo, pr: i + 1 })),
  );

  expect(sent.filter(({ status }) => status !== 202)).toEqual([]);
  await gateway.waitFor(
    "SELECT 1 FROM (SELECT count(*) AS n FROM deliveries WHERE repository = ?1) WHERE n = 500",
    repo,
  );
  const recorded = await gateway.rows("SELECT id, outcome FROM deliveries WHERE repository = ?1", repo);
  expect(new Set(recorded.map(({ id }) => id))).toEqual(new Set(sent.map(({ guid }) => guid)));
  expect(new Set(recorded.map(({ outcome }) => outcome))).toEqual(new Set(["started"]));
  expect(
    await gateway.rows(
      "SELECT count(*) AS n, count(DISTINCT pr_number) AS pulls FROM validations WHERE repository = ?1",
      repo,
    ),
  ).toEqual([{ n: 500, pulls: 500 }]);
});
