/** A receiver of alerts, and somebody who raises them, over the real D1. */
import { env } from "cloudflare:workers";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { raiseAlerts } from "../../src/maintain/alerts.ts";
import { rows } from "./database.ts";
import { second } from "./facts.ts";
import { clockAt } from "./grainchain.ts";

/** Its path is a secret. */
export const ALERT_URL = "https://hooks.example/services/T0/B0/secretpath";
export const ALERT_SECRET = "alert secret";

export interface Told {
  readonly body: Readonly<Record<string, string>>;
  readonly raw: string;
  readonly headers: Headers;
  readonly method: string | undefined;
  readonly url: string;
}

export interface AlertOptions {
  readonly answer?: () => Response | Promise<Response>;
  readonly url?: string | undefined;
  readonly secret?: string | undefined;
  readonly db?: D1Database;
}

/** A receiver of alerts, with a clock, and what sends to it. */
export function alertReceiver(options: AlertOptions = {}) {
  /** What was asked of the receiver, whatever it answered. */
  const asked: Told[] = [];
  const told: Told[] = [];
  const lines: string[] = [];
  const clock = clockAt(3600);
  const receiver = { answer: options.answer ?? (() => new Response("ok")) };
  const receive: typeof fetch = async (input, init) => {
    if (init?.redirect !== "manual") throw new Error("a redirect would be followed");
    const raw = String(init.body);
    const { method } = init;
    const request = {
      body: JSON.parse(raw),
      raw,
      headers: new Headers(init.headers),
      method,
      url: String(input),
    };
    asked.push(request);
    const response = await receiver.answer();
    if (response.ok) told.push(request);
    return response;
  };
  const sender = {
    fetch: receive,
    log: createLog({ debug: true, write: (_, line) => void lines.push(line) }),
    now: () => new Date(clock.nowMs),
    environment: "production",
    url: "url" in options ? options.url : ALERT_URL,
    secret: "secret" in options ? options.secret : ALERT_SECRET,
  };
  /** What was told, as `condition state`. */
  const words = () => told.map(({ body }) => `${body.condition} ${body.state}`);
  const events = () => lines.map((line): Record<string, unknown> => JSON.parse(line));
  return { asked, told, words, lines, events, clock, receiver, sender };
}

export function startAlerts(options: AlertOptions = {}) {
  const { sender, ...received } = alertReceiver(options);
  const raise = (given = options.db ?? env.DB) => {
    const invocation = startInvocation();
    const db = invocation.database(given);
    const limited = { ...sender, fetch: invocation.fetch(sender.fetch), db };
    return raiseAlerts({ ...limited, thresholds: { oldestWaitingMs: 900_000 } });
  };
  return { ...received, raise };
}

/** A dead letter that died when the alerts' clock begins, unless told otherwise. */
export const openDeadLetter = (id = "fact-1", diedAt = second(3600)) =>
  rows(
    `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at)
     VALUES (?1, 'fact', 'unrecorded', 'x', 1, ?2, ?2)`,
    id,
    diedAt,
  );

/** As many dead letters as that, which died at that time. */
export const openDeadLetters = (total: number, diedAt: string) =>
  rows(
    `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     SELECT 'fact-' || ?2 || i, 'fact', 'unrecorded', 'x', 1, ?2, ?2 FROM n`,
    total,
    diedAt,
  );

export const closeDeadLetters = () => rows("UPDATE dead_letters SET status = 'discarded'");

/** A gate that has been closed for an hour when the alerts' clock begins. */
export const closeGate = (name: "grainchain" | "github", detail = "HTTP 401") =>
  rows(
    "INSERT INTO settings VALUES ('gate:' || ?1, ?2, '')",
    name,
    JSON.stringify({
      state: "closed",
      reason: "configuration",
      detail,
      since: second(0),
      until: second(10),
      step: 2,
    }),
  );

/** Whether that is the body's signature, by the secret. */
export async function verifies(secret: string, body: string, signature: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["verify"]);
  const hex = signature.slice("sha256=".length).match(/../g) ?? [];
  const mac = Uint8Array.from(hex, (byte) => Number.parseInt(byte, 16));
  return crypto.subtle.verify("HMAC", key, mac, encoder.encode(body));
}
