/** The gateway's secrets, by their names. */
import { randomBytes } from "node:crypto";
import type { WorkerName } from "./project.ts";

/** Secrets that are random text: a missing one can be made. */
export const RANDOM_SECRETS: readonly string[] = [
  "GITHUB_WEBHOOK_SECRET",
  "GRAINCHAIN_CALLBACK_SECRET",
  "OPERATOR_TOKEN",
  "READER_TOKEN",
];

/** Secrets that a Worker can start without. */
export const OPTIONAL_SECRETS: Readonly<Record<WorkerName, readonly string[]>> = {
  producer: [
    "GITHUB_WEBHOOK_SECRET_PREVIOUS",
    "GITHUB_WEBHOOK_SECRETS",
    "GRAINCHAIN_CALLBACK_SECRET_PREVIOUS",
    "OPERATOR_TOKENS",
    "READER_TOKENS",
  ],
  consumer: [
    "GRAINCHAIN_API_KEY",
    "GITHUB_TOKEN",
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "ALERT_WEBHOOK_URL",
    "ALERT_WEBHOOK_SECRET",
    "EVENTS_SINK_URL",
    "EVENTS_SINK_SECRET",
    "OTLP_ENDPOINT",
    "OTLP_HEADERS",
  ],
};

/** Every secret of the gateway. */
export const SECRETS: readonly string[] = [
  ...RANDOM_SECRETS,
  ...OPTIONAL_SECRETS.producer,
  ...OPTIONAL_SECRETS.consumer,
];

/** Stands for a secret whose value is not known here: it is at Cloudflare, or generated later. */
export const unknownSecret = (name: string): string => `the value of ${name}, which is not known here`;

const RANDOM_BYTES = 32;

export const makeSecret = (): string => randomBytes(RANDOM_BYTES).toString("base64url");
