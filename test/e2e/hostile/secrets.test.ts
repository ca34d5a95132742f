import { randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { expect, inject, onTestFinished, test } from "vitest";
import { sendDelivery } from "../../../cli/src/api/delivery.ts";
import { buildPayload } from "../../../cli/src/input/payload.ts";
import { runHere } from "../../../cli/test/support/gateway-here.ts";
import { openGitHub } from "../../github/client/client.ts";
import type {} from "../../github/client/provided.ts";
import { waitUntil } from "../../support/patience.ts";
import { fireLocalCron } from "../../system/cron.ts";
import { openDatabaseFile } from "../../system/database-file.ts";
import { PAST } from "../../system/driver.ts";
import { environment, startProgram } from "../../system/program.ts";
import { commitFiles, makeDirectory, stepsFile } from "../../system/repositories.ts";
import { hmac } from "./support/attack.ts";
import { answersOf, sentToGitHub, tablesOf } from "./support/everywhere.ts";
import { filesBelow, formsOf, keyForms, leaksIn, type Secrets } from "./support/search.ts";

const REPO = "acme/widgets";
const double = inject("githubDouble");

const fresh = (name: string): string => `${name}-${randomBytes(18).toString("base64url")}`;

const SECRETS = {
  GITHUB_WEBHOOK_SECRET: fresh("current"),
  GITHUB_WEBHOOK_SECRET_PREVIOUS: fresh("previous"),
  GRAINCHAIN_CALLBACK_SECRET: fresh("callback"),
  GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: fresh("callback-before"),
  GRAINCHAIN_API_KEY: fresh("grainchain"),
  OPERATOR_TOKEN: fresh("operator"),
  READER_TOKEN: fresh("reader"),
  ALERT_WEBHOOK_SECRET: fresh("alert"),
};
const LABELED = fresh("labeled");
const ALERT_PATH = fresh("alerts");
/** Is in every part of a payload that the gateway does not need. */
const MARKER = fresh("marker");

/** A server for alerts, whose address is a secret. It refuses the first alert. */
async function startAlerts() {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(`${JSON.stringify(request.headers)} ${await text(request)}`);
    response.writeHead(bodies.length === 1 ? 500 : 200).end();
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { bodies, url: `http://127.0.0.1:${address.port}/${ALERT_PATH}` };
}

/** GitHub's example with the marker in every text that the gateway does not need. */
function marked(name: string, over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const built = { ...buildPayload(name, { repo: REPO, now: new Date(), ...over }) };
  const pull = Object(built.pull_request);
  const person = { login: "ada", email: MARKER, name: MARKER };
  return {
    ...built,
    ...(built.pull_request === undefined
      ? {}
      : { pull_request: { ...pull, title: MARKER, body: MARKER, user: person, labels: [{ name: MARKER }] } }),
    ...(built.commits === undefined
      ? {}
      : { commits: [{ message: MARKER, author: person }], head_commit: { message: MARKER }, pusher: person }),
    organization: { description: MARKER },
    hook: { config: { secret: MARKER, url: MARKER } },
    extra: { [MARKER]: MARKER },
  };
}

test("reveals no secret and nothing of a payload anywhere, whatever happens", async () => {
  const alerts = await startAlerts();
  const lost = { ...marked("pull_request.opened", { pr: 30, head: "3".repeat(40) }) };
  const github = await openGitHub(double.url, {
    app: { id: double.appId, publicKeyPem: double.publicKey },
    installations: [{ id: 77, account: "acme", repositories: [REPO] }],
    repositories: [REPO],
    hooks: [{ kind: "org", owner: "acme", id: 5, deliveries: [lostDelivery(lost)] }],
  });
  const { env: place, url, stateDir } = await environment();
  const reposDir = makeDirectory();
  const commit = (run: string) => commitFiles(reposDir, REPO, stepsFile({ name: "test", run }));
  const gateway = startProgram(["start", "--no-demo"], {
    ...place,
    ...SECRETS,
    GITHUB_WEBHOOK_SECRETS: JSON.stringify({ org: LABELED }),
    GITHUB_APP_ID: String(double.appId),
    GITHUB_APP_PRIVATE_KEY: double.privateKeyPkcs8.replaceAll("\n", String.raw`\n`),
    GITHUB_API_URL: github.url,
    GRAINCHAIN_REPOS: reposDir,
    ALERT_WEBHOOK_URL: alerts.url,
    RECONCILE_HOOKS: "org:acme/5",
    VALIDATE_PUSH_BRANCHES: "main",
    WEBHOOK_DEBUG_MODE: "true",
  });
  await gateway.waitForLine(/^ready /);
  const rows = openDatabaseFile(stateDir);
  const until = (sql: string, ...bound: string[]) =>
    waitUntil(sql, async () => (await rows(sql, ...bound)).length > 0);
  const signatures: string[] = [];
  const send = async (event: string, payload: unknown, secret = SECRETS.GITHUB_WEBHOOK_SECRET) => {
    const body = JSON.stringify(payload);
    signatures.push(hmac(secret, body));
    return sendDelivery(url, secret, { event, body });
  };
  const open = (pr: number, head: string, secret?: string) =>
    send("pull_request", marked("pull_request.opened", { pr, head }), secret);

  // A success that prints its whole environment, a failure, a broken sandbox; with every valid secret.
  const good = commit("env | sort; set; echo all is well");
  await open(1, good);
  await open(2, commit("exit 3"), SECRETS.GITHUB_WEBHOOK_SECRET_PREVIOUS);
  await open(3, "0123456789".repeat(4), LABELED);
  await send("push", {
    ...marked("push", { head: good }),
    ref: "refs/heads/main",
    after: good,
    before: good,
  });
  await send("ping", marked("ping"));
  await send("star", marked("star.created"));
  await until(
    "SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE finished_at IS NOT NULL AND pr_number <> 30) WHERE n = 4",
  );
  await until("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM reports WHERE status = 'due')");
  const comment = { id: 4711, body: `/validate\n${MARKER}`, author_association: "MEMBER" };
  const issue = { number: 1, pull_request: {}, title: MARKER, body: MARKER };
  await send("issue_comment", { ...marked("issue_comment.created", { pr: 1 }), issue, comment });
  await until("SELECT 1 FROM reactions WHERE status = 'posted'");
  await fireLocalCron(url);
  await until("SELECT 1 FROM deliveries WHERE recovered_at IS NOT NULL");

  // Revoked tokens, a broken connection, and a report that becomes a dead letter.
  const tokensOf = async () => (await github.state()).tokens.map(({ token }) => token);
  const revoked = await tokensOf();
  await github.revokeTokens();
  await github.fault({ operation_id: "apps/create-installation-access-token" }, { reset: true });
  // Until one has died: a report whose validation goes on meanwhile is sent again.
  await github.fault(
    { operation_id: "checks/create" },
    { status: 422, body: { message: "Validation Failed" } },
    0,
  );
  await open(4, commit("echo four"));
  await forge(url);
  await waitUntil("a report that died", async () => {
    await rows(`UPDATE reports SET due_at = '${PAST}' WHERE status = 'due'`);
    await fireLocalCron(url);
    return (await rows("SELECT 1 FROM dead_letters WHERE kind = 'report'")).length > 0;
  });
  await github.clearFaults();

  // An alert that is refused and then accepted, and a replay.
  await fireLocalCron(url);
  await waitUntil("an alert", async () => alerts.bodies.length > 0);
  await rows(`UPDATE settings SET value = json_set(value, '$.due_at', '${PAST}') WHERE name LIKE 'alert:%'`);
  await fireLocalCron(url);
  await waitUntil("an alert that was taken", async () => alerts.bodies.length > 1);
  const operator = { GATEWAY_URL: url, GATEWAY_TOKEN: SECRETS.OPERATOR_TOKEN };
  const replayed = await runHere(["dlq", "replay", "--all", "--yes", "--reason", "fixed"], operator);
  expect(replayed).toMatchObject({ code: 0 });
  await until("SELECT 1 FROM dead_letters WHERE status = 'replayed'");

  const login = { operator: SECRETS.OPERATOR_TOKEN, reader: SECRETS.READER_TOKEN };
  const ids = (await rows("SELECT id FROM validations")).map(({ id }) => String(id));
  const tokens = [...new Set([...revoked, ...(await tokensOf())])];
  expect(tokens).not.toEqual([]);
  const places = new Map([
    ...(await tablesOf(rows)),
    ...(await sentToGitHub(github)),
    ...(await answersOf(url, rows, login)),
    ["alerts", alerts.bodies.join("\n")],
    ["the command's output", replayed.stdout + replayed.stderr],
  ]);
  expect(await gateway.stop("SIGTERM")).toBe(0);
  for (const [file, bytes] of filesBelow(stateDir)) places.set(file, bytes);
  places.set("the terminal", gateway.lines.join("\n"));

  const callbackTokens = ids.map((id) => capabilityToken(SECRETS.GRAINCHAIN_CALLBACK_SECRET, id));
  const secrets: Secrets = {
    ...Object.fromEntries(Object.entries(SECRETS).map(([name, secret]) => [name, formsOf(secret)])),
    "a labeled secret": formsOf(LABELED),
    "the alerts' address": formsOf(ALERT_PATH),
    "the App's key": keyForms(double.privateKeyPkcs8, double.privateKeyPkcs1),
    "an App's JWT": ["eyJhbGciOiJSUzI1NiI", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiI"],
    "an installation's token": tokens.flatMap(formsOf),
    "a callback's token": (await Promise.all(callbackTokens)).flatMap(formsOf),
    "a signature": signatures,
    "a payload": formsOf(MARKER),
  };
  expect(leaksIn(places, secrets)).toEqual([]);
  // The search works: it finds public text wherever that belongs.
  const seen = (name: string): string[] =>
    [...places].flatMap(([at, text]) => (text.includes(name) ? [at] : []));
  expect(seen(good).join("\n")).toMatch(
    /table validations[\s\S]*GitHub shows[\s\S]*\/api\/validations[\s\S]*\.sqlite/,
  );
  expect(seen("delivery.accepted").join("\n")).toContain("gateway.log");
  expect(seen("delivery.unsigned").join("\n")).toContain("the terminal");
});

const lostDelivery = (payload: Record<string, unknown>) => ({
  id: "9007199254740993",
  guid: randomUUID(),
  delivered_at: new Date(Date.now() - 5 * 60_000).toISOString(),
  status: "timed out",
  status_code: 502,
  event: "pull_request",
  action: "opened",
  payload,
});

/** Tries every route with wrong credentials. */
async function forge(url: string): Promise<void> {
  const body = JSON.stringify(marked("pull_request.opened", { pr: 666 }));
  const headers = {
    "content-type": "application/json",
    "x-github-event": "pull_request",
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": `sha256=${hmac("guess", body)}`,
    "x-grainchain-signature-256": `sha256=${hmac("guess", body)}`,
    authorization: `Bearer ${MARKER}`,
    "user-agent": MARKER,
  };
  const token = await capabilityToken("guess", "x");
  const paths = [
    "/webhook/github",
    "/webhook/status",
    `/callbacks/x/${token}`,
    "/api/replays",
    "/dashboard/x",
    `/${MARKER}`,
  ];
  for (const path of paths) await fetch(url + path, { method: "POST", headers, body });
}
