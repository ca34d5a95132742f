import { randomUUID } from "node:crypto";
import { expect, inject, onTestFinished, test } from "vitest";
import { startGrainchain } from "../../../grainchain/src/server.ts";
import { buildPayload } from "../../src/payload.ts";
import { type GitHub, openGitHub } from "../github/client.ts";
import type {} from "../github/provided.ts";
import { type Gateway, SECRETS, startGateway } from "./support/gateway.ts";
import { commitFiles, makeDirectory, stepsFile } from "./support/repositories.ts";

const REPO = "acme/widgets";
const TOKEN = "ghp_endtoend";
const double = inject("githubDouble");

type Mode = "app" | "token";

interface SystemOptions {
  readonly mode?: Mode;
  readonly privateKey?: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly hooks?: Parameters<typeof openGitHub>[1]["hooks"];
}

/** The whole system between a GitHub and an embedded Grainchain, both real as far as HTTP goes. */
async function startSystem(options: SystemOptions = {}) {
  const { mode = "app", privateKey = double.privateKeyPkcs1, vars = {}, hooks = [] } = options;
  const reposDir = makeDirectory();
  const callbackSecret = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
  const grainchain = await startGrainchain({ port: 0, reposDir, callbackSecret, callbackBackoffMs: 50 });
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
