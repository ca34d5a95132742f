import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { GitHub } from "../client/client.ts";
import { repeatedEntries } from "../client/fault.ts";
import type { DeliverySpec, HookSpec } from "../client/spec.ts";
import { type GitHubServer, startGitHubServer } from "../server/server.ts";
import { type Answered, ask } from "./caller.ts";
import { appJwt, openFor, PERSONAL, tokenOf } from "./support.ts";

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

/** An id of 64 bits, which a number cannot hold. */
const BIG = 3_804_004_623_172_239_300n;

const delivery = (n: number, difference: Partial<DeliverySpec> = {}): DeliverySpec => ({
  id: String(BIG + BigInt(n)),
  guid: `guid-${n}`,
  delivered_at: `2026-10-01T12:00:${String(n).padStart(2, "0")}Z`,
  status: "OK",
  status_code: 200,
  event: "pull_request",
  action: "opened",
  payload: { action: "opened", number: n },
  ...difference,
});

const FAILED = { status: "Invalid HTTP Response: 502", status_code: 502 };

const DELIVERIES = Array.from({ length: 7 }, (_, n) => delivery(n, n % 2 === 0 ? {} : FAILED));

const KINDS: Record<
  HookSpec["kind"],
  { hook: HookSpec; path: string; token: (github: GitHub) => Promise<string> }
> = {
  org: {
    hook: { kind: "org", owner: "acme", id: 11 },
    path: "/orgs/acme/hooks/11",
    token: async () => PERSONAL,
  },
  repo: {
    hook: { kind: "repo", owner: "acme", repo: "widgets", id: 12 },
    path: "/repos/acme/widgets/hooks/12",
    token: (github) => tokenOf(github),
  },
  app: { hook: { kind: "app", id: 13 }, path: "/app/hook", token: async () => appJwt() },
};

async function open(kind: HookSpec["kind"], difference: Partial<HookSpec> = {}) {
  const { hook, path, token } = KINDS[kind];
  const github = await openFor(server.url, {
    hooks: [{ ...hook, deliveries: DELIVERIES, secret: "s3cret", ...difference }],
  });
  const base = `${github.url}${path}/deliveries`;
  const bearer = await token(github);
  const send = (route: string): Promise<Answered> => ask(route, { token: bearer });
  return { github, base, send, hookUrl: `${github.url}${path}` };
}

/** The ids of a page, and the URL of the next one. */
function page({ text, headers }: Answered): { ns: number[]; next: string | undefined } {
  const ids = [...text.matchAll(/"id":(\d+)/g)].map(([, id = ""]) => BigInt(id));
  const [, next] = /<([^>]+)>; rel="next"/.exec(headers.get("link") ?? "") ?? [];
  return { ns: ids.map((id) => Number(id - BIG)), next };
}

async function readAll(first: string, send: (route: string) => Promise<Answered>): Promise<number[][]> {
  const pages: number[][] = [];
  for (let url: string | undefined = first; url !== undefined && pages.length < 20; ) {
    const { ns, next } = page(await send(`GET ${url}`));
    pages.push(ns);
    url = next;
  }
  return pages;
}

describe.for(["org", "repo", "app"] as const)("the deliveries of a hook of kind %s", (kind) => {
  test("are listed page by page, newest first, even if new ones arrive", async () => {
    const { github, base, send } = await open(kind);
    const first = page(await send(`GET ${base}?per_page=3`));
    expect(first.ns).toEqual([6, 5, 4]);
    expect(first.next).toContain("cursor=v1_");
    await github.addDeliveries(KINDS[kind].hook.id, delivery(20));
    expect(await readAll(first.next ?? "", send)).toEqual([[3, 2, 1], [0]]);
    expect(await readAll(`${base}?status=failure&per_page=2`, send)).toEqual([[5, 3], [1]]);
    expect(await readAll(`${base}?status=success`, send)).toEqual([[20, 6, 4, 2, 0]]);
    expect((await send(`GET ${base}?cursor=v1_1`)).status).toBe(400);
    expect(await github.violations()).toEqual([]);
  });

  test("are shown with their request, and redelivered with the same GUID", async () => {
    const { github, base, send } = await open(kind);
    const id = String(BIG + 5n);
    expect(await send(`GET ${base}/${id}`)).toMatchObject({
      status: 200,
      body: {
        guid: "guid-5",
        status_code: 502,
        request: {
          headers: { "X-GitHub-Delivery": "guid-5", "X-GitHub-Event": "pull_request" },
          payload: { action: "opened", number: 5 },
        },
      },
    });
    expect(await send(`POST ${base}/${id}/attempts`)).toMatchObject({ status: 202, body: {} });
    expect((await send(`GET ${base}`)).body).toMatchObject([
      { guid: "guid-5", redelivery: true, status_code: 200 },
      { guid: "guid-6", redelivery: false },
      { guid: "guid-5", redelivery: false, status_code: 502 },
      ...Array(5).fill({}),
    ]);
    expect((await github.state()).redeliveries).toMatchObject([
      { delivery_id: id, guid: "guid-5", hook_id: KINDS[kind].hook.id, answered: null },
    ]);
    expect((await send(`POST ${base}/1/attempts`)).status).toBe(404);
    expect(await github.violations()).toEqual([]);
  });

  test("belong to a hook that is shown without its secret", async () => {
    const { send, hookUrl, github } = await open(kind);
    const shown = await send(`GET ${hookUrl}${kind === "app" ? "/config" : ""}`);
    const config = { url: "https://gateway.example/webhooks/github", secret: "********" };
    expect(shown).toMatchObject({ status: 200, body: kind === "app" ? config : { config } });
    expect(await github.violations()).toEqual([]);
  });
});

test("a delivery that never reached the receiver is neither a success nor a failure", async () => {
  const unreached = delivery(1, { status: "timed out", status_code: 0, payload: null });
  const { base, send } = await open("org", { deliveries: [unreached] });
  expect(await readAll(`${base}?status=failure`, send)).toEqual([[]]);
  expect(await readAll(`${base}?status=success`, send)).toEqual([[]]);
  expect(await readAll(base, send)).toEqual([[1]]);
});

test("a later page repeats entries of the page before it, and no entry is lost", async () => {
  const { github, base, send } = await open("org");
  await github.fault({ operation_id: "orgs/list-webhook-deliveries" }, repeatedEntries(1), 0);
  expect(await readAll(`${base}?per_page=3`, send)).toEqual([
    [6, 5, 4],
    [4, 3, 2],
    [2, 1, 0],
  ]);
});

test("a redelivery is sent, signed, and listed with its outcome", async () => {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const receiver = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    response.writeHead(503).end("later");
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  onTestFinished(() => void receiver.close());
  const { port } = v.parse(v.object({ port: v.number() }), receiver.address());
  const { github, base, send } = await open("app", { deliver_to: `http://127.0.0.1:${port}/hook` });

  await send(`POST ${base}/${BIG + 5n}/attempts`);
  await expect.poll(async () => (await github.state()).redeliveries).toMatchObject([{ answered: 503 }]);

  const [post] = received;
  expect(JSON.parse(post?.body ?? "")).toEqual({ action: "opened", number: 5 });
  expect(post?.headers).toMatchObject({
    "x-github-delivery": "guid-5",
    "x-github-event": "pull_request",
    "x-hub-signature-256": `sha256=${createHmac("sha256", "s3cret")
      .update(post?.body ?? "")
      .digest("hex")}`,
  });
  expect((await send(`GET ${base}?per_page=1`)).body).toMatchObject([
    { guid: "guid-5", redelivery: true, status: "Invalid HTTP Response: 503", status_code: 503 },
  ]);
});

test.for([
  ["the installation of another organization", 2, "/orgs/acme/hooks/11"],
  ["an unknown hook", 1, "/orgs/acme/hooks/99"],
] as const)("%s sees no deliveries", async ([, installation, path]) => {
  const { github } = await open("org");
  const token = await tokenOf(github, installation);
  expect((await ask(`GET ${github.url}${path}/deliveries`, { token })).status).toBe(404);
});
