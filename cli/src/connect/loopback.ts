/** The page on loopback where a person starts, and which GitHub leads back to with a code. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isTimeout } from "../api/http.ts";
import { GatewayError } from "../exit.ts";
import { errorCode } from "../input/text-file.ts";
import type { AppManifest } from "./manifest.ts";
import { donePage, formPage, messagePage, PAGE_HEADERS } from "./page.ts";

export interface LoopbackOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** GitHub's page that takes manifests. */
  readonly action: string;
  readonly owner: string;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  manifest(redirectUrl: string): AppManifest;
  /** Called with the address once the page is served. */
  onServing(url: string): void;
  /** Turns GitHub's code into an App, and keeps its credentials. @throws GatewayError */
  onCode(code: string): Promise<{ readonly slug: string; readonly installUrl: string }>;
}

const HOST = "127.0.0.1";

/**
 * Serves the page until the App exists.
 * @throws GatewayError if the port is taken, or no App was made
 */
export async function serveManifestPage(options: LoopbackOptions): Promise<void> {
  const server = createServer();
  const port = await listen(server, options.port);
  try {
    await waitForCode(server, port, options);
  } finally {
    server.close();
    // A browser may keep one open that it never uses.
    server.closeAllConnections();
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, HOST);
  try {
    await once(server, "listening");
  } catch (thrown) {
    const code = errorCode(thrown);
    const problem = code === "EADDRINUSE" ? "is taken" : `cannot be used (${code})`;
    throw new GatewayError(`port ${port} ${problem}: pass another one as --port`);
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

/** What a request gets, and what it means for the command. */
interface Answer {
  readonly status: number;
  readonly page: string;
  /** Called once the page was sent. */
  readonly settle?: () => void;
}

interface Ending {
  resolve(): void;
  reject(thrown: unknown): void;
}

function waitForCode(server: Server, port: number, options: LoopbackOptions): Promise<void> {
  const { signal, onServing } = options;
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(notCreated(isTimeout(signal.reason) ? "nobody confirmed it in time" : "cancelled"));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);
    // Other users of this machine can reach the port, and must not learn the state from the page.
    const base = `http://${HOST}:${port}/${secret()}`;
    const answer = createAnswerer(base, options, { resolve, reject });
    server.on("request", (request, response) => {
      answer(request).then((given) => send(response, given), reject);
    });
    onServing(base);
  });
}

const notCreated = (why: string): GatewayError => new GatewayError(`${why}: no App was created`);

async function send(response: ServerResponse, { status, page, settle }: Answer): Promise<void> {
  const closed = new Promise((resolve) => response.once("close", resolve));
  response.writeHead(status, PAGE_HEADERS).end(page);
  await closed;
  settle?.();
}

const NOT_FOUND = messagePage("Not found", "Not found.");

function createAnswerer(base: string, options: LoopbackOptions, { resolve, reject }: Ending) {
  const { host, pathname: place } = new URL(base);
  const state = secret();
  let isUsed = false;

  async function takeCode(query: URLSearchParams): Promise<Answer> {
    if (!isSame(query.get("state") ?? "", state))
      return refusal(400, "This answer belongs to another attempt: its state is wrong.");
    const code = query.get("code") ?? "";
    if (!/^[\w-]{1,200}$/.test(code)) {
      const settle = (): void => reject(notCreated("GitHub sent no code"));
      return { ...refusal(400, "GitHub sent no code, so no App was created."), settle };
    }
    if (isUsed) return refusal(409, "This code has been used already.");
    isUsed = true;
    try {
      const { slug, installUrl } = await options.onCode(code);
      return { status: 200, page: donePage(slug, installUrl), settle: resolve };
    } catch (thrown) {
      const message = thrown instanceof GatewayError ? thrown.message : "The terminal says why.";
      return { ...refusal(502, message), settle: () => reject(thrown) };
    }
  }

  return async ({ method, url = "/", headers }: IncomingMessage): Promise<Answer> => {
    // Another site could have its own name resolve to this machine.
    if (headers.host !== host) return { status: 421, page: NOT_FOUND };
    const { pathname, searchParams } = new URL(url, base);
    switch (`${method} ${pathname}`) {
      case `GET ${place}`: {
        const manifest = options.manifest(`${base}/callback`);
        const action = `${options.action}?state=${state}`;
        return { status: 200, page: formPage({ ...options, manifest, action, cancel: `${base}/cancel` }) };
      }
      case `POST ${place}/cancel`: {
        const page = messagePage("Cancelled", "No App was created. You can close this page.");
        return { status: 200, page, settle: () => reject(notCreated("cancelled")) };
      }
      case `GET ${place}/callback`:
        return takeCode(searchParams);
      default:
        return { status: 404, page: NOT_FOUND };
    }
  };
}

const refusal = (status: number, message: string): Answer => ({
  status,
  page: messagePage("The App is not connected", message),
});

const secret = (): string => randomBytes(24).toString("base64url");

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
