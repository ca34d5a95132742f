import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeAll, expect, inject, test } from "vitest";
import { buildPayload } from "../../cli/src/input/payload.ts";
import { startGrainchain } from "../../grainchain/src/server.ts";
import { type GitHub, openGitHub } from "../github/client/client.ts";
import type {} from "../github/client/provided.ts";
import { waitFor, waitUntil } from "../support/patience.ts";
import { advance } from "../system/driver.ts";
import { expectInvariants } from "../system/invariants.ts";
import { commitFiles, makeDirectory, stepsFile } from "../system/repositories.ts";
import { cleanUpAfterFile } from "./support/file-end.ts";
import { type Gateway, SECRETS, startGateway } from "./support/gateway.ts";

const TOKEN = "ghp_endtoend";
const HOOK = 5;
const double = inject("githubDouble");

type Mode = "app" | "token";

/** A gateway between a GitHub and the embedded Grainchain, both real as far as HTTP goes. */
interface System {
  readonly gateway: Gateway;
  readonly github: GitHub;
}

/** One of each for all tests of the file, and a repository for each of them. */
const systems = new Map<Mode, System>();
const reposDir = makeDirectory();
const REPOSITORIES = Array.from({ length: 12 }, (_, index) => `acme/widgets-${index}`);
let repositories = 0;
const whenDone = cleanUpAfterFile();

beforeAll(async () => {
  const grainchain = await startGrainchain({
    port: 0,
    reposDir,
    callbackSecret: SECRETS.GRAINCHAIN_CALLBACK_SECRET,
    callbackBackoffMs: 50,
    // One sandbox: a second run has to wait, and GitHub is told so.
    concurrency: 1,
    queueLimit: 0,
  });
  whenDone(() => grainchain.close());
  const start = async (mode: Mode, credentials: Readonly<Record<string, string>>): Promise<void> => {
    const github = await openGitHub(double.url, {
      app: { id: double.appId, publicKeyPem: double.publicKey },
      installations: [{ id: 77, account: "acme", repositories: REPOSITORIES }],
      repositories: REPOSITORIES,
      tokens: [TOKEN],
      hooks: [{ kind: "org", owner: "acme", id: HOOK, deliveries: [] }],
    });
    const vars = { GITHUB_API_URL: github.url, ...credentials };
    systems.set(mode, { gateway: await startGateway(grainchain.url, vars, whenDone), github });
  };
  await Promise.all([
    start("app", { GITHUB_APP_ID: String(double.appId), GITHUB_APP_PRIVATE_KEY: double.privateKeyPkcs1 }),
    start("token", { GITHUB_TOKEN: TOKEN, RECONCILE_HOOKS: `org:acme/${HOOK}` }),
  ]);
});

afterEach(async () => {
  for (const { gateway, github } of systems.values()) {
    await expectInvariants(gateway);
    expect(await github.violations()).toEqual([]);
  }
});

/** The system with these credentials, and a repository that no other test uses. */
function useSystem(mode: Mode = "app") {
  const system = systems.get(mode);
  const repo = REPOSITORIES[repositories++];
  if (system === undefined || repo === undefined) throw new Error("too few systems, or repositories");
  const commit = (run: string) => commitFiles(reposDir, repo, stepsFile({ name: "test", run }));
  const open = async (head: string, pr = 1): Promise<string> => {
    const { guid, status } = await system.gateway.send("pull_request.opened", { repo, pr, head });
    expect(status).toBe(202);
    const row = await system.gateway.waitForEnd(guid);
    return String(row.id);
  };
  return { ...system, repo, commit, open };
}

/** Waits until the newest state of a validation has been told. */
const reported = (gateway: Gateway, validationId: string) =>
  gateway.waitFor(
    `SELECT r.* FROM reports r JOIN validations v ON v.id = r.validation_id
     WHERE v.id = ?1 AND v.finished_at IS NOT NULL AND r.status <> 'due'`,
    validationId,
  );

async function checkRunsOf(github: GitHub, head: string) {
  const { check_runs } = await github.state();
  return Object.values(check_runs).filter(({ head_sha }) => head_sha === head);
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
    const { gateway, github, commit, open } = useSystem();
    if (privateKey !== double.privateKeyPkcs1)
      await gateway.reconfigure({ GITHUB_APP_PRIVATE_KEY: privateKey });
    const head = commit(run);
    const id = await open(head);

    expect(await reported(gateway, id)).toMatchObject({ status: "posted", posted_conclusion: conclusion });
    const runs = await checkRunsOf(github, head);
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
  const { gateway, github, commit, open } = useSystem("token");
  const head = commit(run);
  const id = await open(head);

  expect(await reported(gateway, id)).toMatchObject({ status: "posted" });
  const statuses = (await github.state()).statuses.filter(({ sha }) => sha === head);
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
  const { gateway, github, repo, commit } = useSystem(mode);
  const gates = makeDirectory();
  const waits = (name: string, end = "true") =>
    commit(`until [ -e ${path.join(gates, name)} ]; do sleep 0.05; done; ${end}`);
  const release = (name: string) => writeFileSync(path.join(gates, name), "");
  const send = (head: string, pr: number) => gateway.send("pull_request.opened", { repo, pr, head });
  const told = (head: string, count: number) =>
    waitFor(`${count} words of ${head}`, async () => {
      const words = await toldOf(github, head);
      return words.length >= count ? words : undefined;
    });

  const first = await send(waits("first"), 1);
  await gateway.waitFor("SELECT id FROM validations WHERE repository = ?1 AND state = 'running'", repo);
  // The only sandbox is taken: these have to wait, and GitHub is told so.
  const good = waits("good");
  const bad = waits("bad", "exit 3");
  await send(good, 2);
  await send(bad, 3);
  await Promise.all([told(good, 1), told(bad, 1)]);
  release("first");
  await gateway.waitForEnd(first.guid);

  const ends = [
    [good, "good", success],
    [bad, "bad", failure],
  ] as const;
  await Promise.all(
    ends.map(async ([head, name, expected]) => {
      await waitUntil(`a run of ${name}`, async () => {
        await advance(gateway);
        return (await toldOf(github, head)).length === 2;
      });
      release(name);
      const words = (await told(head, 3)).map((one) => one.replace(/ in \d+ m?s$/, ""));
      expect(words).toEqual(expected);
    }),
  );
  await gateway.waitFor(
    `SELECT 1 FROM (SELECT count(*) AS n FROM reports r JOIN validations v ON v.id = r.validation_id
                    WHERE v.repository = ?1 AND r.status = 'posted') WHERE n = 3`,
    repo,
  );
  for (const [head, , expected] of ends) expect(await toldOf(github, head)).toHaveLength(expected.length);
});

test("runs a head again when its check is to be run again", async () => {
  const { gateway, github, repo, commit, open } = useSystem();
  const head = commit("echo all is well");
  const first = await open(head);
  await reported(gateway, first);

  const payload = buildPayload("check_run.rerequested", { repo, head, now: new Date() });
  const asked = { ...payload, check_run: { head_sha: head, app: { id: double.appId } } };
  const guid = randomUUID();
  await gateway.deliver({ event: "check_run", body: JSON.stringify(asked), guid });

  const again = await gateway.waitForEnd(guid);
  expect(again).toMatchObject({ run: 2, state: "completed", conclusion: "success" });
  await reported(gateway, String(again.id));
  expect((await checkRunsOf(github, head)).map((run) => run.conclusion)).toEqual(["success", "success"]);
});

test.each([
  ["/validate", 1, "+1"],
  ["/validate cancel", 99, "confused"],
])("shows who wrote %j on pull request %i that it was heard: %s", async (body, pr, content) => {
  const { gateway, github, repo, commit, open } = useSystem();
  const head = commit("echo all is well");
  await reported(gateway, await open(head));

  const payload = buildPayload("issue_comment.created", { repo, pr, now: new Date() });
  const comment = { id: 4711 + pr, body, author_association: "MEMBER" };
  const issue = { number: pr, pull_request: {} };
  const guid = randomUUID();
  await gateway.deliver({
    event: "issue_comment",
    body: JSON.stringify({ ...payload, issue, comment }),
    guid,
  });

  await gateway.waitFor("SELECT * FROM reactions WHERE comment_id = ?1 AND status = 'posted'", comment.id);
  const reactions = (await github.state()).reactions.filter(({ comment_id }) => comment_id === comment.id);
  expect(reactions).toMatchObject([{ content }]);
  if (content === "+1") {
    const again = await gateway.waitForEnd(guid);
    expect(again).toMatchObject({ run: 2, conclusion: "success" });
    await reported(gateway, String(again.id));
  }
});

test("fetches deliveries that GitHub says failed, each exactly once", async () => {
  const { gateway, github, repo } = useSystem("token");
  const head = "0123456789".repeat(4);
  const lost = Array.from({ length: 12 }, (_, index) => ({
    id: String(9_007_199_254_740_993n + BigInt(index)),
    guid: randomUUID(),
    delivered_at: new Date(Date.now() - (index + 5) * 60_000).toISOString(),
    status: "timed out",
    status_code: index % 2 === 0 ? 502 : 0,
    event: "pull_request",
    action: "opened",
    payload: { ...buildPayload("pull_request.opened", { repo, pr: index + 1, head, now: new Date() }) },
  }));
  await github.addDeliveries(HOOK, ...lost);
  // The minute of an earlier test may have looked already.
  const lookAgain = () => gateway.rows("DELETE FROM settings WHERE name LIKE 'reconcile:%'");
  await lookAgain();

  await gateway.cron();
  const recorded = await gateway.rows("SELECT id, recovered_at FROM deliveries WHERE repository = ?1", repo);
  expect(recorded.map(({ id }) => id).toSorted()).toEqual(lost.map(({ guid }) => guid).toSorted());
  expect(recorded.every(({ recovered_at }) => recovered_at !== null)).toBe(true);
  const payloadsFetched = async () =>
    (await github.requests()).filter(({ path }) => /deliveries\/\d+$/.test(path)).length;
  expect(await payloadsFetched()).toBe(lost.length);

  // Everything is due to be looked at again.
  await lookAgain();
  await gateway.cron();
  expect(await payloadsFetched()).toBe(lost.length);
  expect(await gateway.rows("SELECT id FROM validations WHERE repository = ?1", repo)).toHaveLength(
    lost.length,
  );
});
