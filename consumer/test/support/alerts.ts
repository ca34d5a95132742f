/** A receiver of alerts, and somebody who raises them, over the real D1. */
import { env } from "cloudflare:workers";
import { createLog } from "@webhook-gateway/shared/log.ts";
import { raiseAlerts } from "../../src/alerts.ts";
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

export function startAlerts(options: AlertOptions = {}) {
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
  const raise = (db = options.db ?? env.DB) =>
    raiseAlerts({
      db,
      fetch: receive,
      log: createLog({ debug: true, write: (_, line) => void lines.push(line) }),
      now: () => new Date(clock.nowMs),
      thresholds: { oldestWaitingMs: 900_000 },
      environment: "production",
      url: "url" in options ? options.url : ALERT_URL,
      secret: "secret" in options ? options.secret : ALERT_SECRET,
    });
  /** What was told, as `condition state`. */
  const words = () => told.map(({ body }) => `${body.condition} ${body.state}`);
  const events = () => lines.map((line): Record<string, unknown> => JSON.parse(line));
  return { asked, told, words, lines, events, clock, receiver, raise };
}

/** A dead letter in the tests' own hour. */
export const openLetter = (id = "fact-1") =>
  rows(
    `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at)
     VALUES (?1, 'fact', 'unrecorded', 'x', 1, ?2, ?2)`,
    id,
    second(0),
  );

export const closeLetters = () => rows("UPDATE dead_letters SET status = 'discarded'");
