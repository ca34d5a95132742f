/** What a deployed gateway has around it: the gateway itself, Grainchain and GitHub, each as a test wants it. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { VERSION } from "@webhook-gateway/shared/version.ts";
import { onTestFinished, vi } from "vitest";
import { type GitHub, openGitHub } from "../../../test/github/client/client.ts";
import type { DeliverySpec, InstanceSpec } from "../../../test/github/client/spec.ts";
import { type AppKeys, generateAppKeys } from "../../../test/github/keys.ts";
import { startGitHubServer } from "../../../test/github/server/server.ts";
import { provisioned } from "./fake-wrangler-account.ts";
import { openProject } from "./fake-wrangler-project.ts";

export const UUID = "7b0c1f8e-2f51-4a53-9f0f-0f7e4b6c9a11";
export const APP_ID = 4711;
export const HOOK_ID = 7;

/** Made once: that takes a while. */
let keys: AppKeys | undefined;
export const appKeys = (): AppKeys => {
  keys ??= generateAppKeys();
  return keys;
};

/** Starts a server that ends with the test. @returns its address */
export async function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

/** A gateway that says of itself what a test decides. */
export interface FakeGateway {
  version: string;
  environment: string;
  status: string;
  checks: Record<string, { status: string; detail?: string }>;
  /** By how many seconds its clock is ahead. */
  ahead: number;
  /** Instead of a gateway's answer. */
  body?: string;
  httpStatus?: number;
}

export async function startGateway(environment: string) {
  const state: FakeGateway = {
    version: VERSION,
    environment,
    status: "healthy",
    checks: Object.fromEntries(
      ["api", "database", "queue", "grainchain", "consumer"].map((name) => [name, { status: "ok" }]),
    ),
    ahead: 0,
  };
  const url = await serve((request, response) => {
    const { version, status, checks, ahead, body, httpStatus = 200 } = state;
    const now = new Date(Date.now() + ahead * 1000);
    const common = { service: "webhook-gateway", version };
    const health = {
      ...common,
      status,
      environment: state.environment,
      timestamp: now.toISOString(),
      checks,
    };
    response.writeHead(httpStatus, { "content-type": "application/json", date: now.toUTCString() });
    response.end(
      body ?? JSON.stringify(request.url === "/health" ? health : { ...common, status: "running" }),
    );
  });
  return { url, state };
}

const DELIVERY: DeliverySpec = {
  id: "1",
  guid: "0b989ba4-242f-11e5-81e1-c7b6966d2516",
  delivered_at: "2026-11-24T00:00:00Z",
  status: "OK",
  status_code: 202,
  event: "pull_request",
  action: "opened",
  payload: null,
};

/** The latest delivery, with another end. */
export const delivered = (status_code: number): DeliverySpec => ({
  ...DELIVERY,
  id: String(status_code + 1),
  delivered_at: "2026-11-24T01:00:00Z",
  status: "Invalid HTTP Response",
  status_code,
});

/** A GitHub with one organization hook and the App's that send here. */
async function startGitHub(url: string, spec: InstanceSpec): Promise<GitHub> {
  const server = await startGitHubServer();
  onTestFinished(() => server.close());
  const hook = { url: `${url}/webhook/github`, secret: "deployed webhook secret", deliveries: [DELIVERY] };
  return openGitHub(server.url, {
    app: { id: APP_ID, publicKeyPem: appKeys().publicKey },
    tokens: ["ghp_classic", "github_pat_fine"],
    installations: [{ id: 1, account: "acme", repositories: ["acme/widgets"] }],
    hooks: [
      { ...hook, kind: "org", owner: "acme", id: HOOK_ID },
      { ...hook, kind: "repo", owner: "acme", repo: "widgets", id: HOOK_ID + 1 },
      { ...hook, kind: "app", id: HOOK_ID + 2 },
    ],
    ...spec,
  });
}

/** The credentials of the App, as a person sets them. */
export const appCredentials = () => ({
  GITHUB_APP_ID: String(APP_ID),
  GITHUB_APP_PRIVATE_KEY: appKeys().privateKeyPkcs1,
});

/** A deployed gateway and its neighbours are https. Here, they are servers of this machine without a certificate. */
const secure = (url: string): string => url.replace("http://127.0.0.1", "https://127.0.0.1");

function pretendHttps(): void {
  const real = globalThis.fetch;
  const spy = vi.spyOn(globalThis, "fetch");
  spy.mockImplementation((input, init) =>
    real(typeof input === "string" ? input.replace("https://127.0.0.1", "http://127.0.0.1") : input, init),
  );
  onTestFinished(() => spy.mockRestore());
}

/** As a server of CodegenApp's answers, which is made with FastAPI. */
function answerOfGrainchain(
  { status, prefix, key, hasStatus }: { status: number; prefix: string; key: string; hasStatus: boolean },
  { url = "", headers }: IncomingMessage,
): [status: number, body: unknown] {
  if (url === "/health") return [status, {}];
  if (key !== "" && headers.authorization !== `Bearer ${key}`) return [401, { detail: "Not authenticated" }];
  const id = /\/([^/]+)\/status$/.exec(url)?.[1];
  if (hasStatus && url === `${prefix}/${id}/status`) return [404, { detail: `Validation ${id} not found` }];
  if (url === `${prefix}/trigger`) return [405, { detail: "Method Not Allowed" }];
  return [404, { detail: "Not Found" }];
}

/** A staging environment in which all is well. */
export async function openStaging(options: { readonly hooks?: string; readonly github?: InstanceSpec } = {}) {
  const project = await openProject(provisioned("staging", UUID));
  pretendHttps();
  const started = await startGateway("staging");
  const gateway = { ...started, url: secure(started.url) };
  const grainchain = { status: 200, prefix: "/api/v1/validation", key: "", hasStatus: true };
  const grainchainUrl = await serve((request, response) => {
    const [status, body] = answerOfGrainchain(grainchain, request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  const github = await startGitHub(gateway.url, options.github ?? {});
  project.editEnvironments((toml) =>
    toml
      .replace("00000000-0000-4000-8000-000000000002", UUID)
      .replace("https://webhook-gateway-producer-staging.example.workers.dev", gateway.url)
      .replace("https://grainchain.staging.example.com", secure(grainchainUrl))
      .replaceAll("https://api.github.com", secure(github.url))
      .replaceAll('RECONCILE_HOOKS = ""', `RECONCILE_HOOKS = "${options.hooks ?? `org:acme/${HOOK_ID}`}"`),
  );
  return { project, gateway, grainchain, github };
}

export type Staging = Awaited<ReturnType<typeof openStaging>>;
