import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";

const ENVIRONMENTS = ["development", "staging", "production"] as const;
type Environment = (typeof ENVIRONMENTS)[number];

interface Consumer {
  readonly queue: string;
  readonly dead_letter_queue?: string;
  readonly max_batch_size?: number;
  readonly max_batch_timeout?: number;
  readonly max_retries?: number;
  readonly retry_delay?: number;
  readonly max_concurrency?: number;
}

/** What of a Worker's configuration is looked at, as Wrangler reads it. */
interface WorkerConfig {
  readonly name?: string | undefined;
  readonly ratelimits: readonly { readonly namespace_id: string }[];
  readonly r2_buckets: readonly { readonly bucket_name?: string }[];
  readonly compatibility_date?: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly d1_databases: readonly { readonly database_name?: string; readonly database_id?: string }[];
  readonly queues: {
    readonly producers?: readonly { readonly queue: string }[];
    readonly consumers?: readonly Consumer[];
  };
  readonly analytics_engine_datasets?: readonly { readonly dataset?: string }[];
  readonly triggers: { readonly crons?: readonly string[] };
  readonly durable_objects: { readonly bindings: readonly object[] };
}

const read = (worker: string, env: Environment): WorkerConfig =>
  unstable_readConfig({ config: path.join(ROOT, `wrangler.${worker}.toml`), env }, { hideWarnings: true });

const both = (env: Environment) => ({ producer: read("producer", env), consumer: read("consumer", env) });

describe.each(ENVIRONMENTS)("in %s", (env) => {
  const { producer, consumer } = both(env);
  const consumers = consumer.queues.consumers ?? [];
  const settingsOf = (role: string) =>
    consumers.find(({ queue }) => queue === `webhook-gateway-${role}-${env}`);

  test("both Workers know the environment, and have the same database and dataset", () => {
    expect([producer.vars.ENVIRONMENT, consumer.vars.ENVIRONMENT]).toEqual([env, env]);
    expect(producer.d1_databases).toEqual([expect.objectContaining({ database_id: expect.any(String) })]);
    expect(consumer.d1_databases).toEqual(producer.d1_databases);
    expect(producer.analytics_engine_datasets).toEqual([expect.objectContaining({ binding: "METRICS" })]);
    expect(consumer.analytics_engine_datasets).toEqual(producer.analytics_engine_datasets);
    expect(producer.compatibility_date).toBe(consumer.compatibility_date);
  });

  test("variables that both Workers read have the same value", () => {
    const shared = Object.keys(producer.vars).filter((name) => name in consumer.vars);
    expect(shared).toContain("REPOSITORY_ALLOW");
    for (const name of shared) expect([name, producer.vars[name]]).toEqual([name, consumer.vars[name]]);
  });

  test("every queue that is written to is consumed, and so is its dead-letter queue", () => {
    const written = [...(producer.queues.producers ?? []), ...(consumer.queues.producers ?? [])];
    expect(written.map(({ queue }) => queue).toSorted()).toEqual([
      `webhook-gateway-events-${env}`,
      `webhook-gateway-work-${env}`,
    ]);
    expect(settingsOf("events")?.dead_letter_queue).toBe(`webhook-gateway-dead-${env}`);
    expect(consumers.map(({ queue }) => queue).toSorted()).toEqual([
      `webhook-gateway-dead-${env}`,
      `webhook-gateway-events-${env}`,
      `webhook-gateway-work-${env}`,
    ]);
  });

  test("every queue sets all the values that the architecture requires", () => {
    for (const settings of consumers) {
      const { max_batch_size, max_batch_timeout, max_retries, retry_delay, max_concurrency } = settings;
      const all = [max_batch_size, max_batch_timeout, max_retries, retry_delay, max_concurrency];
      expect(all).not.toContain(undefined);
    }
    // D1 away for hours: 100 retries are the most that a queue has.
    expect(settingsOf("events")?.max_retries).toBe(100);
    expect(settingsOf("dead")?.max_retries).toBe(100);
  });

  test("the consumer runs every minute and has its Durable Objects", () => {
    expect(consumer.triggers.crons).toEqual(["* * * * *"]);
    expect(consumer.durable_objects.bindings).toMatchObject([
      { name: "BUDGETS", class_name: "GitHubBudget" },
      { name: "SENTINEL", class_name: "Sentinel" },
    ]);
  });

  test("no secret has a value in a configuration file", () => {
    const secret = /SECRET|TOKEN|PRIVATE_KEY|API_KEY|ALERT_WEBHOOK_URL|EVENTS_SINK_URL|OTLP/;
    for (const config of [producer, consumer]) {
      const values = Object.entries(config.vars).filter(([name]) => secret.test(name));
      expect(values.filter(([, value]) => value !== "")).toEqual([]);
    }
  });
});

/** What only one environment may have. */
const resourcesOf = (config: WorkerConfig): unknown[] => [
  config.name,
  ...config.d1_databases.flatMap(({ database_name, database_id }) => [database_name, database_id]),
  ...(config.queues.producers ?? []).map(({ queue }) => queue),
  ...(config.queues.consumers ?? []).flatMap(({ queue, dead_letter_queue: dead = queue }) => [queue, dead]),
  ...(config.analytics_engine_datasets ?? []).map(({ dataset }) => dataset),
  ...config.r2_buckets.map(({ bucket_name }) => bucket_name),
  ...config.ratelimits.map(({ namespace_id }) => namespace_id),
];

test("no two environments share a resource", () => {
  const all = ENVIRONMENTS.flatMap((env) => {
    const { producer, consumer } = both(env);
    return [...new Set([...resourcesOf(producer), ...resourcesOf(consumer)])];
  });

  expect(all.length).toBeGreaterThan(ENVIRONMENTS.length * 9);
  expect(all).toEqual([...new Set(all)]);
});
