import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, inject, onTestFinished, test } from "vitest";
import { startGrainchain } from "../../../grainchain/src/server.ts";
import { buildPayload } from "../../src/payload.ts";
import { expectInvariants } from "../faults/support/invariants.ts";
import { type GitHub, openGitHub } from "../github/client.ts";
import type {} from "../github/provided.ts";
import { type Gateway, SECRETS, startGateway } from "./support/gateway.ts";
import { commitFiles, makeDirectory, stepsFile } from "./support/repositories.ts";

const REPO = "acme/widgets";
const TOKEN = "ghp_endtoend";
const WAIT_MS = 60_000;
const double = inject("githubDouble");

type Mode = "app" | "token";

interface SystemOptions {
  readonly mode?: Mode;
  readonly privateKey?: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly hooks?: Parameters<typeof openGitHub>[1]["hooks"];
  readonly grainchain?: Parameters<typeof startGrainchain>[0];
}

/** The whole system between a GitHub and an embedded Grainchain, both real as far as HTTP goes. */
async function startSystem(options: SystemOptions = {}) {
  const { mode = "app", privateKey = double.privateKeyPkcs1, vars = {}, hooks = [] } = options;
  const reposDir = makeDirectory();
  const callbackSecret = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
  const grainchain = await startGrainchain({
    port: 0,
    reposDir,
    callbackSecret,
    callbackBackoffMs: 50,
    ...options.grainchain,
  });
  onTestFinished(() => grainchain.close());
  const github = await openGitHub(double.url, {
    app: { id: double.appId, publicKeyPem: double.publicKey },
    installations: [{ id: 77, account: "acme", repositories: [REPO] }],
    repositories: [REPO],
    tokens: [TOKEN],
    hooks,
  });
  onTestFinished(async () => expect(await github.violations()).toEqual([]));
  const credentials =
    mode === "token"
      ? { GITHUB_TOKEN: TOKEN }
      : { GITHUB_APP_ID: String(double.appId), GITHUB_APP_PRIVATE_KEY: privateKey };
  const gateway = await startGateway(grainchain.url, { GITHUB_API_URL: github.url, ...credentials, ...vars });
  onTestFinished(() => expectInvariants(gateway));
  const commit = (run: string) => commitFiles(reposDir, REPO, stepsFile({ name: "test", run }));
  return { gateway, github, commit };
}

/** Waits until the newest state of a validation has been told. */
const reported = (gateway: Gateway, validationId: string) =>
  gateway.waitFor(
    `SELECT r.* FROM reports r JOIN validations v ON v.id = r.validation_id
     WHERE v.id = ?1 AND v.finished_at IS NOT NULL AND r.status <> 'due'`,
    validationId,
  );

async function open(gateway: Gateway, head: string, pr = 1): Promise<string> {
  const { guid, status } = await gateway.send("pull_request.opened", { repo: REPO, pr, head });
  expect(status).toBe(202);
  const row = await gateway.waitForEnd(guid);
  return String(row.id);
}

async function checkRunsOf(github: GitHub) {
  const { check_runs } = await github.state();
  return Object.values(check_runs);
}

test.each([
  ["PKCS#1", double.privateKeyPkcs1, "echo all is well", "success"],
  [
    "PKCS#8 on one line",
    double.privateKeyPkcs8.replaceAll("\n", String.raw`\n`),
    "echo @everyone; exit 3",
    "failure",
  ],
])(
  "shows a run as one check run to its end, with a private key in %s",
  async (_, privateKey, run, conclusion) => {
    const { gateway, github, commit } = await startSystem({ privateKey });
    const id = await open(gateway, commit(run));

    expect(await reported(gateway, id)).toMatchObject({ status: "posted", posted_conclusion: conclusion });
    const runs = await checkRunsOf(github);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({
      status: "completed",
      conclusion,
      external_id: id,
      name: "CodegenApp Validation",
    });
  },
);

test.each([
  ["echo all is well", "success"],
  ["exit 3", "failure"],
])("shows a run as commit statuses with a token: %s", async (run, state) => {
  const { gateway, github, commit } = await startSystem({ mode: "token" });
  const id = await open(gateway, commit(run));

  expect(await reported(gateway, id)).toMatchObject({ status: "posted" });
  const { statuses } = await github.state();
  expect(statuses.at(-1)).toMatchObject({ state, context: "codegenapp/validation" });
  const told = statuses.map((one) => `${one.state} ${one.description}`);
  expect(new Set(told).size).toBe(told.length);
});

/** What GitHub was told of a head, from the first word to the last. */
async function toldOf(github: GitHub, head: string): Promise<string[]> {
  const { check_runs, statuses } = await github.state();
  const bodies = Object.values(check_runs)
    .filter(({ head_sha }) => head_sha === head)
    .flatMap(({ history }) => history.map(({ body }) => String(body.conclusion ?? body.status)));
  const ofHead = statuses.filter(({ sha }) => sha === head);
  return [...bodies, ...ofHead.map(({ state, description }) => `${state}: ${description}`)];
}

const PENDING = ["pending: Waiting for a sandbox", "pending: Validation is running"];

test.each<[Mode, string[], string[]]>([
  ["app", ["queued", "in_progress", "success"], ["queued", "in_progress", "failure"]],
  ["token", [...PENDING, "success: The only step passed"], [...PENDING, "failure: 1 of 1 step failed: test"]],
])("tells as %s of every state in its order, and of none twice", async (mode, success, failure) => {
  const { gateway, github, commit } = await startSystem({
    mode,
    grainchain: { concurrency: 1, queueLimit: 0 },
  });
  const gates = makeDirectory();
  const waits = (name: string, end = "true") =>
    commit(`until [ -e ${path.join(gates, name)} ]; do sleep 0.05; done; ${end}`);
  const release = (name: string) => writeFileSync(path.join(gates, name), "");
  const send = (head: string, pr: number) => gateway.send("pull_request.opened", { repo: REPO, pr, head });
  const told = async (head: string, count: number) => {
    await expect.poll(() => toldOf(github, head), { timeout: WAIT_MS }).toHaveLength(count);
    return toldOf(github, head);
  };

  await send(waits("first"), 1);
  await gateway.waitFor("SELECT id FROM validations WHERE state = 'running'");
  // The only sandbox is taken: these have to wait, and GitHub is told so.
  const good = waits("good");
  const bad = waits("bad", "exit 3");
  await send(good, 2);
  await send(bad, 3);
  await Promise.all([told(good, 1), told(bad, 1)]);
  release("first");

  const ends = [
    [good, "good", success],
    [bad, "bad", failure],
  ] as const;
  await Promise.all(
    ends.map(async ([head, name, expected]) => {
      await told(head, 2);
      release(name);
      const words = (await told(head, 3)).map((one) => one.replace(/ in \d+ m?s$/, ""));
      expect(words).toEqual(expected);
    }),
  );
  await gateway.waitFor(
    "SELECT 1 FROM (SELECT count(*) AS n FROM reports WHERE status = 'posted') WHERE n = 3",
  );
});

test("runs a head again when its check is to be run again", async () => {
  const { gateway, github, commit } = await startSystem();
  const head = commit("echo all is well");
  const first = await open(gateway, head);
  await reported(gateway, first);

  const payload = buildPayload("check_run.rerequested", { repo: REPO, head, now: new Date() });
  const asked = { ...payload, check_run: { head_sha: head, app: { id: double.appId } } };
  const guid = randomUUID();
  await gateway.deliver({ event: "check_run", body: JSON.stringify(asked), guid });

  const again = await gateway.waitForEnd(guid);
  expect(again).toMatchObject({ run: 2, state: "completed", conclusion: "success" });
  await reported(gateway, String(again.id));
  expect((await checkRunsOf(github)).map((run) => run.conclusion)).toEqual(["success", "success"]);
});

test.each([
  ["/validate", 1, "+1"],
  ["/validate cancel", 99, "confused"],
])("shows who wrote %j on pull request %i that it was heard: %s", async (body, pr, content) => {
  const { gateway, github, commit } = await startSystem();
  const head = commit("echo all is well");
  await reported(gateway, await open(gateway, head));

  const payload = buildPayload("issue_comment.created", { repo: REPO, pr, now: new Date() });
  const comment = { id: 4711, body, author_association: "MEMBER" };
  const issue = { number: pr, pull_request: {} };
  const guid = randomUUID();
  await gateway.deliver({
    event: "issue_comment",
    body: JSON.stringify({ ...payload, issue, comment }),
    guid,
  });

  await gateway.waitFor("SELECT * FROM reactions WHERE status = 'posted'");
  expect((await github.state()).reactions).toMatchObject([{ comment_id: 4711, content }]);
  if (content === "+1") {
    const again = await gateway.waitForEnd(guid);
    expect(again).toMatchObject({ run: 2, conclusion: "success" });
    await reported(gateway, String(again.id));
  }
});

test("fetches deliveries that GitHub says failed, each exactly once", async () => {
  const head = "0123456789".repeat(4);
  const lost = Array.from({ length: 12 }, (_, index) => ({
    id: String(9_007_199_254_740_993n + BigInt(index)),
    guid: randomUUID(),
    delivered_at: new Date(Date.now() - (index + 5) * 60_000).toISOString(),
    status: "timed out",
    status_code: index % 2 === 0 ? 502 : 0,
    event: "pull_request",
    action: "opened",
    payload: { ...buildPayload("pull_request.opened", { repo: REPO, pr: index + 1, head, now: new Date() }) },
  }));
  const hooks = [{ kind: "org" as const, owner: "acme", id: 5, deliveries: lost }];
  const { gateway, github } = await startSystem({
    mode: "token",
    vars: { RECONCILE_HOOKS: "org:acme/5" },
    hooks,
  });

  await gateway.cron();
  const recorded = await gateway.rows("SELECT id, recovered_at FROM deliveries");
  expect(recorded.map(({ id }) => id).toSorted()).toEqual(lost.map(({ guid }) => guid).toSorted());
  expect(recorded.every(({ recovered_at }) => recovered_at !== null)).toBe(true);
  const payloadsFetched = async () =>
    (await github.requests()).filter(({ path }) => /deliveries\/\d+$/.test(path)).length;
  expect(await payloadsFetched()).toBe(lost.length);

  // Everything is due to be looked at again.
  await gateway.rows("DELETE FROM settings WHERE name LIKE 'reconcile:%'");
  await gateway.cron();
  expect(await payloadsFetched()).toBe(lost.length);
  expect(await gateway.rows("SELECT id FROM validations")).toHaveLength(lost.length);
});
