import { runPagePath } from "@webhook-gateway/shared/domain/capability.ts";
import { beforeAll, expect, test } from "vitest";
import { runGateway } from "../../cli/test/support/gateway-command.ts";
import { runHere } from "../../cli/test/support/gateway-here.ts";
import { decides } from "../grainchain/fault-policies.ts";
import { failsTests, runsUntilCancelled, succeeds, succeedsWithLongOutput } from "../grainchain/scenarios.ts";
import { type GrainchainDouble, startDouble } from "../grainchain/server.ts";
import { cleanUpAfterFile } from "../system/file-end.ts";
import { type Gateway, SECRETS, startGateway } from "./support/gateway.ts";
import { openPull, waitForState as waitForRun } from "./support/pull-requests.ts";
import { BEFORE, testRunbooks } from "./support/runbooks.ts";

/** Its runs continue until they are cancelled. */
const SLOW = "acme/slow";
/** Its runs fail. */
const BROKEN = "acme/broken";
/** Its runs print 200 KB. */
const TALKATIVE = "acme/talkative";
/** Grainchain refuses its runs permanently, until it is fixed. */
const REFUSED = "acme/refused";
const WORDS = "422 \u001b[31mno such image\u202e";

let gateway: Gateway;
let grainchain: GrainchainDouble;

const whenDone = cleanUpAfterFile();

beforeAll(async () => {
  grainchain = await startDouble({ whenDone });
  const scenarios = new Map([
    [SLOW, runsUntilCancelled],
    [BROKEN, failsTests],
    [TALKATIVE, succeedsWithLongOutput],
  ]);
  grainchain.script.scenario = (run) => (scenarios.get(run.request.project_id) ?? succeeds)(run);
  refuse(true);
  gateway = await startGateway(grainchain.url, BEFORE, whenDone);
});

function refuse(refuses: boolean): void {
  grainchain.script.policy = decides(({ project_id }) =>
    refuses && project_id === REFUSED ? { refused: WORDS, permanent: true } : "accept",
  );
}

const asOperator = () => ({ GATEWAY_URL: gateway.url, GATEWAY_TOKEN: SECRETS.OPERATOR_TOKEN });

/** Runs the command as an operator does. */
const operate = (...args: readonly string[]) => runHere(args, asOperator());

const askForJson = async (...args: readonly string[]) => {
  const ran = await operate(...args, "--output", "json");
  expect(ran).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout);
};

const open = (repo: string, pr: number) => openPull(gateway, repo, pr);
const waitForState = (repo: string, pr: number, state: string) => waitForRun(gateway, repo, pr, state);

test("lists deliveries and validations page by page", async () => {
  const first = await open("acme/listed", 1);
  await gateway.waitForEnd(first);
  const second = await open("acme/listed", 2);
  await gateway.waitForEnd(second);

  const deliveries = await askForJson("deliveries", "list", "--repo", "acme/listed");
  const latest = await askForJson("validations", "list", "--repo", "acme/listed", "--limit", "1");
  const earlier = await askForJson(
    ...["validations", "list", "--repo", "acme/listed", "--limit", "1", "--cursor", latest.next_cursor],
  );

  expect(deliveries.items).toMatchObject([
    { id: second, event: "pull_request", action: "opened", outcome: "started" },
    { id: first, outcome: "started" },
  ]);
  expect(latest.items).toMatchObject([{ pr_number: 2, state: "completed", conclusion: "success" }]);
  expect(earlier).toMatchObject({ items: [{ pr_number: 1 }], next_cursor: null });
  expect(await operate("validations", "list", "--repo", "acme/listed", "--state", "dead")).toMatchObject({
    code: 3,
    stdout: "",
  });
});

test("traces a failed run by every kind of search", async () => {
  const guid = await open(BROKEN, 12);
  const { id, head_sha } = await gateway.waitForEnd(guid);
  await gateway.waitFor("SELECT 1 FROM reports WHERE validation_id = ?1 AND status <> 'due'", String(id));

  const ran = await operate("trace", `https://github.com/${BROKEN}/pull/12`);

  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain(`${BROKEN} #12  ${String(head_sha).slice(0, 7)}  run 1  completed failure\n`);
  const steps = ["accepted", "recorded", "queued", "dispatching", "running", "completed"];
  const found = steps.map((step) => ran.stdout.search(new RegExp(`^\\d\\d-\\d\\d .* ${step} `, "m")));
  expect(found).not.toContain(-1);
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  for (const question of [guid, String(id), `${BROKEN}#12`, String(head_sha).slice(0, 8)]) {
    const { validations } = await askForJson("trace", question);
    expect(validations).toMatchObject([{ validation: { id, conclusion: "failure" } }]);
  }
  expect(ran.stdout).toMatch(/ completed +callback completed; failed: test/);
  const shown = await operate("validations", "show", String(id));
  expect(shown.stdout).toContain("completed failure");
  expect(shown.stdout).toMatch(/^test {2}failed/m);
});

test("shows large results whole, and a validation that is in the archive only", async () => {
  const guid = await open(TALKATIVE, 3);
  const id = String((await gateway.waitForEnd(guid)).id);
  const [{ results = "" } = {}] = await gateway.rows("SELECT results FROM validations WHERE id = ?1", id);
  expect(String(results).length).toBeLessThan(8 * 1024);
  const before = await askForJson("validations", "show", id);
  expect(before.results.test_results.test.output).toHaveLength(200_000);
  const trace = await askForJson("trace", id);

  const old = "2020-01-01T00:00:00.000Z";
  await gateway.rows("UPDATE validations SET finished_at = ?2 WHERE id = ?1", id, old);
  await gateway.rows(
    "UPDATE deliveries SET received_at = ?2, recorded_at = ?2, seq = 1 WHERE id = ?1",
    guid,
    old,
  );
  await gateway.rows("DELETE FROM settings WHERE name = 'retention:due'");
  await gateway.cron();
  await gateway.waitFor("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM validations WHERE id = ?1)", id);

  const after = await askForJson("validations", "show", id);
  expect(after).toEqual({ ...before, archived_at: expect.any(String), finished_at: old });
  expect((await askForJson("trace", id)).validations[0].steps).toHaveLength(
    trace.validations[0].steps.length,
  );
  expect((await operate("validations", "show", id)).stdout).toMatch(/^archived +\d{4}-/m);
  const page = await fetch(gateway.url + (await runPagePath(SECRETS.GRAINCHAIN_CALLBACK_SECRET, id)));
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(`${TALKATIVE}#3`)]);
});

test("traces a run in progress, cancels it and runs it again", async () => {
  const guid = await open(SLOW, 3);
  const { id } = await waitForState(SLOW, 3, "running");

  const ran = await operate("trace", guid);

  expect(ran.stdout).toContain(" run 1  running\n");
  expect(ran.stdout).toMatch(/ now +waiting for its result from Grainchain/);
  const status = await operate("status", SLOW);
  expect(status.stdout).toContain("0 queued, 1 running");

  expect(await operate("validations", "cancel", String(id), "--yes")).toMatchObject({ code: 0, stdout: "" });
  await waitForState(SLOW, 3, "cancelled");
  expect(await askForJson("validations", "rerun", String(id))).toMatchObject({ success: true });
  expect(await waitForState(SLOW, 3, "running")).toMatchObject({ run: 2 });
  const again = await operate("validations", "cancel", String(id));
  expect(again).toMatchObject({ code: 0, stderr: "the validation has already ended: cancelled\n" });
});

test("runs many again, and cancels what has not ended", async () => {
  const repo = "acme/again";
  for (const pr of [1, 2]) await gateway.waitForEnd(await open(repo, pr));

  const ran = await askForJson("validations", "rerun", "--repo", repo, "--yes", "--reason", "an outage");
  expect(ran).toMatchObject({ action: "rerun", total: 2, replayed: 2, failed: 0, status: "done" });
  for (const pr of [1, 2]) {
    await gateway.waitFor(
      "SELECT 1 FROM validations WHERE repository = ?1 AND pr_number = ?2 AND run = 2 AND state = 'completed'",
      ...[repo, pr],
    );
  }
  expect((await operate("replays", "list")).stdout).toContain(ran.id);
  expect(await operate("validations", "cancel", "--repo", repo, "--yes")).toMatchObject({ code: 3 });

  await open(SLOW, 8);
  await waitForState(SLOW, 8, "running");
  const detached = await operate("validations", "cancel", "--repo", SLOW, "--pr", "8", "--yes", "--detach");
  expect(detached).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[\w-]{36}\n$/) });
  await waitForState(SLOW, 8, "cancelled");
});

test("pauses a repository and resumes it", async () => {
  const repo = "acme/paused";
  await gateway.waitForEnd(await open(repo, 1));
  expect(await operate("pause", repo, "--for", "2h", "--reason", "an upgrade")).toMatchObject({ code: 0 });
  const guid = await open(repo, 2);
  await waitForState(repo, 2, "queued");
  await gateway.waitForEnd(await open("acme/unpaused", 1));

  const status = (await operate("status")).stdout.replaceAll(/\s+/g, " ");
  expect(status).toMatch(/ paused acme\/paused, since .* by operator:operator: an upgrade /);
  expect((await operate("trace", guid)).stdout).toMatch(/ now +waiting: dispatch is paused by$/m);
  expect(await waitForState(repo, 2, "queued")).toMatchObject({ attempts: 0 });

  expect(await operate("resume", repo)).toMatchObject({ code: 0 });
  await gateway.waitForEnd(guid);
  expect(await operate("resume", repo)).toMatchObject({ code: 3, stdout: "" });
});

test("shows a dead letter, refuses a replay without a scope, and replays it once the cause is fixed", async () => {
  const guid = await open(REFUSED, 7);
  const { id } = await waitForState(REFUSED, 7, "dead");

  const list = await operate("dlq", "list", "--repo", REFUSED);
  expect(list.stdout).toContain("dispatch");
  for (const line of list.stdout.split("\n")) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  const { items } = await askForJson("dlq", "list", "--kind", "dispatch", "--repo", REFUSED);
  expect(items).toMatchObject([{ class: "permanent", validation_id: id, status: "open", error: WORDS }]);
  const deadLetter: string = items[0].id;
  expect((await operate("dlq", "show", deadLetter)).stdout).toContain("422 no such image");
  expect(await operate("dlq", "show", deadLetter, "--raw")).toMatchObject({ code: 3, stdout: "" });
  expect((await operate("trace", `${REFUSED}#7`)).stdout).toContain("dead letters of this run");
  expect((await operate("status")).stdout).toMatch(/dispatch +permanent +1/);

  expect(await operate("dlq", "replay", "--yes")).toMatchObject({ code: 2, stdout: "" });
  const dry = await askForJson("dlq", "replay", deadLetter, "--dry-run");
  expect(dry).toMatchObject({ total: 1, sample: [{ id: deadLetter, status: "open" }] });
  expect((await operate("dlq", "replay", "--repo", REFUSED)).code).toBe(1);
  expect(await gateway.rows("SELECT count(*) AS n FROM replays")).toEqual([{ n: 0 }]);

  refuse(false);
  const replayed = await askForJson("dlq", "replay", deadLetter, "--reason", "the image is there");
  expect(replayed).toMatchObject({
    ...{ action: "replay", status: "done", total: 1, replayed: 1, failed: 0, reason: "the image is there" },
    requested_by: "operator:operator",
  });
  expect(await waitForState(REFUSED, 7, "completed")).toMatchObject({ id, delivery_id: guid, lane: 1 });
  expect(await askForJson("dlq", "show", deadLetter)).toMatchObject({
    status: "replayed",
    replay_id: replayed.id,
    outcome: expect.any(String),
  });
  expect(await operate("dlq", "list", "--repo", REFUSED)).toMatchObject({ code: 3, stdout: "" });
  expect(await operate("dlq", "replay", deadLetter, "--yes")).toMatchObject({
    ...{ code: 3, stdout: "" },
    stderr: `error: ${deadLetter} is not open: its status is replayed\n`,
  });
  expect((await operate("replays", "list")).stdout).toContain(replayed.id);
});

test("discards dead letters that are not worth a replay", async () => {
  refuse(true);
  await open(REFUSED, 8);
  await waitForState(REFUSED, 8, "dead");

  const ran = await operate("dlq", "discard", "--repo", REFUSED, "--event", "pull_request", "--yes");

  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain("1 of 1 done");
  const { items } = await askForJson("dlq", "list", "--state", "discarded", "--repo", REFUSED);
  expect(items).toMatchObject([{ status: "discarded" }]);
});

test("runs as a program, with an exit code and two streams", async () => {
  const [listed, unknown] = await Promise.all([
    runGateway(["status"], asOperator()),
    runGateway(["trace", "acme/unknown#1"], asOperator()),
  ]);

  expect(listed).toMatchObject({ code: 0, stderr: "" });
  expect(listed.stdout).toContain("dead letters");
  expect(unknown).toMatchObject({ code: 3, stdout: "" });
});

test("tells a reader which token a command needs, and lets them read", async () => {
  const env = { GATEWAY_URL: gateway.url, GATEWAY_TOKEN: SECRETS.READER_TOKEN };

  expect((await runHere(["status"], env)).code).toBe(0);
  expect(await runHere(["dlq", "replay", "--all", "--yes"], env)).toEqual({
    code: 1,
    stdout: "",
    stderr: "error: GATEWAY_TOKEN is a reader's token: set it to the gateway's OPERATOR_TOKEN\n",
  });
  expect(await runHere(["status"], { ...env, GATEWAY_TOKEN: "nonsense" })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^error: GATEWAY_TOKEN is refused: .*\n$/),
  });
});

test("says that no hook is configured if a search has none to ask", async () => {
  const ran = await operate("reconcile", "--since", "6h");

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("error: the search failed: no hook is configured: RECONCILE_HOOKS\n");
});

test.each([
  [["trace", "acme/unknown#1"]],
  [["validations", "show", "1-pr-1-0000000000000000000000000000000000000000-1"]],
  [["validations", "rerun", "nothing/like it?"]],
  [["dlq", "show", "nothing%2Flike it"]],
  [["replays", "show", "nope"]],
  [["replays", "cancel", "nope"]],
  [["status", "acme/unheard-of"]],
])("exits with 3 if nothing is found: %j", async (args) => {
  expect(await operate(...args)).toMatchObject({ code: 3, stdout: "" });
});

test.each([[["trace", "what is this?"]], [["replays", "list", "--cursor", "nonsense"]]])(
  "exits with 2 if the arguments are invalid: %j",
  async (args) => {
    expect(await operate(...args)).toMatchObject({ code: 2, stdout: "" });
  },
);

testRunbooks(() => ({ gateway, grainchain, repo: SLOW }));
