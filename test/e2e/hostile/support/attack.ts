/** Hostile requests that are well-formed HTTP. */
import { createHmac } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";

/** Is in what is sent, and must never be in an answer, a log line or a row. */
export const MARKER = "qzmarker7f3a9";

export interface Attack {
  readonly method: string;
  /** Sent literally, without resolving dots. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** Far longer than anything takes: only a hang is this slow. */
const TIMEOUT_MS = 30_000;

/** Sends an attack over a new connection. */
export async function sendAttack(url: string, { method, path, headers, body }: Attack): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const length = body.length > 0 ? { "content-length": String(body.length) } : {};
  const given = Object.entries({ ...length, ...headers }).map(([name, value]) => [
    name,
    typeof value === "string" ? value : [...value],
  ]);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({ hostname, port, method, path, headers: Object.fromEntries(given), agent: false });
  sent.on("response", resolve).on("error", reject);
  sent.setTimeout(TIMEOUT_MS, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
  sent.end(body);
  const response = await promise;
  const text = (await buffer(response)).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

let clients = 0;

/** A new client address for every attack: else the limit on failed signatures would answer. */
export const freshClient = (): string => {
  clients++;
  return `10.${(clients >> 16) & 255}.${(clients >> 8) & 255}.${clients & 255}`;
};

export const hmac = (secret: string, body: Buffer | string, algorithm = "sha256"): string =>
  createHmac(algorithm, secret).update(body).digest("hex");
