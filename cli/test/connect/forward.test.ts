import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhooks } from "@octokit/webhooks";
import { createGitHub } from "@webhook-gateway/shared/github/client.ts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type GitHub, openGitHub } from "../../../test/github/client/client.ts";
import type { DeliverySpec } from "../../../test/github/client/spec.ts";
import { generateAppKeys } from "../../../test/github/keys.ts";
import { type GitHubServer, startGitHubServer } from "../../../test/github/server/server.ts";
import { waitFor } from "../../../test/support/patience.ts";
import { makeDirectory } from "../../../test/system/repositories.ts";
import { forwardDeliveries } from "../../src/connect/forward.ts";
import { openForwarded } from "../../src/connect/forwarded.ts";

const SECRET = "the secret of the App's hook";
const APP = 4711;
const keys = generateAppKeys();
let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

const delivery = (index: number, changes: Partial<DeliverySpec> = {}): DeliverySpec => ({
  id: String(9_007_199_254_740_993n + BigInt(index)),
  guid: randomUUID(),
  delivered_at: new Date(Date.now() - 60_000 + index * 1000).toISOString(),
  status: "failed to connect to host",
  status_code: 0,
  event: "pull_request",
  action: "opened",
  payload: { number: index },
  ...changes,
});

/** A producer that answers what a test decides. */
async function startProducer(answers: number[] = []) {
  const received: string[] = [];
  const webhooks = new Webhooks({ secret: SECRET });
  const producer = createServer(async (request, response) => {
    const body = await text(request);
    const status = answers.shift() ?? 202;
    const signature = String(request.headers["x-hub-signature-256"]);
    if (!(await webhooks.verify(body, signature))) received.push("unsigned");
    else if (status === 202) received.push(`${request.headers["x-github-delivery"]} ${body}`);
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  }).listen(0, "127.0.0.1");
  await once(producer, "listening");
  onTestFinished(() => void producer.close());
  const address = producer.address();
  return { received, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}` };
}

async function openApp(...deliveries: DeliverySpec[]): Promise<GitHub> {
  const github = await openGitHub(server.url, {
    app: { id: APP, publicKeyPem: keys.publicKey },
    hooks: [{ kind: "app", id: APP, deliveries }],
  });
  onTestFinished(() => github.close());
  return github;
}

/** Forwards as one run of the command does, until it is stopped. */
function run(github: GitHub, url: string, stateDir: string) {
  const controller = new AbortController();
  const lines: string[] = [];
  const config = {
    apiUrl: github.url,
    token: undefined,
    appId: String(APP),
    privateKey: keys.privateKeyPkcs1,
  };
  const ended = forwardDeliveries(
    {
      github: createGitHub(config, fetch, () => new Date()),
      url,
      webhookSecret: SECRET,
      forwarded: openForwarded(stateDir, String(APP), new Date()),
      signal: controller.signal,
      print: (line) => void lines.push(line),
    },
    10,
  );
  return {
    lines,
    ended,
    async stop() {
      controller.abort();
      await ended;
    },
  };
}

const guidsOf = (deliveries: readonly DeliverySpec[]) =>
  deliveries.map(({ guid, payload }) => `${guid} ${JSON.stringify(payload)}`);

test("forwards each delivery once, the oldest first, also after it was stopped", async () => {
  // More than a page.
  const early = Array.from({ length: 130 }, (_, index) =>
    delivery(index, { delivered_at: new Date(Date.now() - 130_000 + index * 1000).toISOString() }),
  );
  const arrived = delivery(200, { status_code: 202, status: "OK" });
  const old = delivery(300, { delivered_at: new Date(Date.now() - 3_600_000).toISOString() });
  const github = await openApp(old, ...early, arrived);
  const producer = await startProducer();
  const stateDir = makeDirectory();
  const first = run(github, producer.url, stateDir);
  await waitFor("all to be forwarded", async () => producer.received.length >= early.length || undefined);
  await first.stop();

  const late = delivery(400);
  await github.addDeliveries(APP, { ...(early[0] ?? late), id: 77, redelivery: true }, late);
  const second = run(github, producer.url, stateDir);
  await waitFor("the late one", async () => producer.received.length > early.length || undefined);
  await second.stop();

  expect(producer.received).toEqual(guidsOf([...early, late]));
  expect(second.lines).toEqual([`pull_request.opened ${late.guid}: forwarded, answered 202`]);
  expect(await github.violations()).toEqual([]);
});

test("waits for the producer, and says why once", async () => {
  const one = delivery(1);
  const github = await openApp(one);
  const producer = await startProducer([401, 401, 503]);
  const { lines, stop } = run(github, producer.url, makeDirectory());

  await waitFor("it to arrive", async () => producer.received[0]);
  await stop();

  expect(producer.received).toEqual(guidsOf([one]));
  expect(lines.slice(0, 3)).toEqual([
    `the gateway at ${producer.url} does not accept the App's webhook secret: restart npm start`,
    `the gateway at ${producer.url} answered 503`,
    `pull_request.opened ${one.guid}: forwarded, answered 202`,
  ]);
});

test("goes on after what GitHub has lost and what the gateway refuses, and through outages of GitHub", async () => {
  const [lost, refused, good] = [delivery(1, { payload: {} }), delivery(2), delivery(3)];
  const github = await openApp(lost, refused, good);
  await github.fault({ operation_id: "apps/list-webhook-deliveries" }, { status: 502 });
  const producer = await startProducer([413]);
  const { lines, stop } = run(github, producer.url, makeDirectory());

  await waitFor("the good one", async () => producer.received[0]);
  await stop();

  expect(producer.received).toEqual(guidsOf([good]));
  expect(lines).toContain(`pull_request.opened ${lost.guid}: GitHub no longer has its payload`);
  expect(lines).toContain(`pull_request.opened ${refused.guid}: forwarded, answered 413`);
});

test("ends if GitHub does not know the App", async () => {
  const github = await openGitHub(server.url, {});
  onTestFinished(() => github.close());

  await expect(run(github, "http://127.0.0.1:9", makeDirectory()).ended).rejects.toThrow(
    /^GitHub does not list the App's deliveries: /,
  );
});
