/** What a simulation is told: the plan, the Workers' own configuration, the schema, and payloads. */
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { unstable_readConfig } from "wrangler";
import type { QueueSettings } from "./machine/message-queue.ts";
import { payloadTemplates } from "./payload-templates.ts";
import type { Plan } from "./report/plan.ts";
import {
  APP_SECRET,
  type Binding,
  type Configuration,
  HOOK_ID,
  ORGANIZATION_SECRET,
  PLACES,
  type Spec,
} from "./report/spec.ts";

const ENVIRONMENT = "production";
/** A Sunday at midnight. */
const START_MS = Date.UTC(2026, 10, 1);

export function specOf({ lengthMs, traffic, faults, loss }: Plan, seed: number): Spec {
  const migrations = path.join(ROOT, "shared/migrations");
  const files = readdirSync(migrations).filter((name) => name.endsWith(".sql"));
  return {
    seed,
    startMs: START_MS,
    lengthMs,
    traffic,
    loss: loss ?? null,
    faults,
    configuration: configuration(),
    migrations: files.toSorted().map((name) => readFileSync(path.join(migrations, name), "utf8")),
    templates: payloadTemplates(),
  };
}

/** Without zod installed, Wrangler's type of its configuration is of no use. */
interface WorkerConfiguration {
  readonly vars: object;
  readonly queues: { readonly consumers?: readonly (Partial<QueueSettings> & { readonly queue: string })[] };
  readonly durable_objects: { readonly bindings: readonly Binding[] };
}

/** As deployed, with the addresses and secrets of the simulation. */
function configuration(): Configuration {
  const read = (worker: string): WorkerConfiguration =>
    unstable_readConfig({ config: path.join(ROOT, `wrangler.${worker}.toml`), env: ENVIRONMENT });
  const [producer, consumer] = [read("producer"), read("consumer")];
  const callback = { GRAINCHAIN_CALLBACK_SECRET: "the secret of callbacks in this simulation" };
  return {
    producer: {
      ...textsOf(producer.vars),
      ...callback,
      GITHUB_WEBHOOK_SECRET: ORGANIZATION_SECRET,
      GITHUB_WEBHOOK_SECRETS: JSON.stringify({ app: APP_SECRET }),
      OPERATOR_TOKEN: "the operator's token in this simulation",
      READER_TOKEN: "the reader's token in this simulation",
    },
    consumer: {
      ...textsOf(consumer.vars),
      ...callback,
      CLOUDFLARE_WORKER_URL: PLACES.gateway,
      GRAINCHAIN_API_URL: PLACES.grainchain,
      GITHUB_APP_ID: "1",
      GITHUB_APP_PRIVATE_KEY: privateKey(),
      RECONCILE_HOOKS: `app,org:acme/${HOOK_ID}`,
      ALERT_WEBHOOK_URL: PLACES.alerts,
    },
    queues: consumer.queues.consumers?.map((queue) => ({ ...DEFAULTS, ...given(queue) })) ?? [],
    objects: consumer.durable_objects.bindings.map(({ name, class_name }) => ({ name, class_name })),
  };
}

/** https://developers.cloudflare.com/queues/configuration/configure-queues/ */
const DEFAULTS = {
  max_batch_size: 10,
  max_batch_timeout: 5,
  max_retries: 3,
  max_concurrency: 250,
  retry_delay: 0,
};

const textsOf = (vars: object): Record<string, string> =>
  Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]));

const given = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== null)) as Value;

const privateKey = (): string =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
