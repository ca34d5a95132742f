/** The producer's app over surroundings that a test can look into. */

import { type Bucket, createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import { readProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { Invocations } from "../../../test/platform/invocations.ts";
import { createApp } from "../../src/app.ts";
import type { AuthRealm } from "../../src/auth/rate-limit.ts";

export const SECRETS = {
  GITHUB_WEBHOOK_SECRET: "unit-webhook-secret-5f1d-000000000",
  GRAINCHAIN_CALLBACK_SECRET: "unit-callback-secret-77ab-00000000",
  OPERATOR_TOKEN: "unit-operator-token-c0de-000000000",
  READER_TOKEN: "unit-reader-token-beef-00000000000",
} as const;

export const ORIGIN = "https://gateway.test";

/** The clock's time unless a test gives another. */
export const NOW = "2026-11-23T10:00:00.000Z";

export interface TestAppOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly db?: D1Database;
  /** None by default. */
  readonly bucket?: Bucket;
  /** Called before a message is taken; what it throws, the queue throws. */
  readonly onSend?: () => Promise<void>;
  /** Failed authentications per address before the limit. */
  readonly limit?: number;
  readonly now?: () => Date;
  readonly fetch?: (url: string) => Promise<Response>;
  /** What the queue says of its oldest message. */
  readonly oldestMessage?: Date;
}

/** An app whose queue, log and limiter keep what they were given. */
export function startApp(options: TestAppOptions = {}) {
  const sent: unknown[] = [];
  const lines: string[] = [];
  const limitedKeys: string[] = [];
  const refused: AuthRealm[] = [];
  const env = { ENVIRONMENT: "development", ...SECRETS, ...options.env };
  const invocations = new Invocations();
  const app = createApp({
    config: readProducerConfig(env),
    db: invocations.database(options.db ?? untouchableDb),
    archive: createArchive(options.bucket === undefined ? undefined : invocations.bucket(options.bucket), {
      now: options.now ?? (() => new Date(NOW)),
    }),
    queue: {
      async send(message) {
        await options.onSend?.();
        sent.push(message);
        const { oldestMessage: oldestMessageTimestamp } = options;
        const metrics = { backlogCount: 0, backlogBytes: 0 };
        return {
          metadata: {
            metrics: oldestMessageTimestamp === undefined ? metrics : { ...metrics, oldestMessageTimestamp },
          },
        };
      },
    },
    rateLimit: {
      async limit({ key }) {
        limitedKeys.push(key);
        const used = limitedKeys.filter((each) => each === key).length;
        return { success: used <= (options.limit ?? Number.POSITIVE_INFINITY) };
      },
    },
    waitUntil: () => {},
    countRefusal: (realm) => refused.push(realm),
    log: createLog({ debug: true, write: (_level, line) => lines.push(line) }),
    now: options.now ?? (() => new Date(NOW)),
    newId: () => crypto.randomUUID(),
    fetch: options.fetch ?? (() => Promise.reject(new Error("nothing is fetched"))),
  });
  const fetch = async (request: Request): Promise<Response> => {
    invocations.next();
    return app.fetch(request);
  };
  return { fetch, sent, lines, limitedKeys, refused };
}

export type TestApp = ReturnType<typeof startApp>;

const touched = (): never => {
  throw new Error("D1 was asked");
};

/** A database that no request may touch. */
export const untouchableDb = {
  prepare: touched,
  batch: touched,
  exec: touched,
  withSession: touched,
  dump: touched,
} satisfies D1Database;

export const refuseToSend = async (): Promise<never> => {
  throw new Error("Queue is overloaded");
};

/** The JSON object of an answer. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null) throw new Error("the answer is not a JSON object");
  return { ...body };
}
