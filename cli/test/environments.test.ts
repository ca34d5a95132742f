import path from "node:path";
import { describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { ROOT } from "../dev/settings.ts";

const ENVIRONMENTS = ["development", "staging", "production"] as const;
type Environment = (typeof ENVIRONMENTS)[number];

interface Consumer {
  readonly queue: string;
  readonly dead_letter_queue?: string;
  readonly max_batch_size?: number;
  readonly max_batch_timeout?: number;
  readonly max_retries?: number;
  readonly max_concurrency?: number;
}

/** What of a Worker's configuration is looked at, as Wrangler reads it. */
interface WorkerConfig {
  readonly name?: string;
  readonly compatibility_date?: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly d1_databases: readonly { readonly database_name?: string; readonly database_id?: string }[];
  readonly queues: {
    readonly producers?: readonly { readonly queue: string }[];
    readonly consumers?: readonly Consumer[];
  };
  readonly analytics_engine_datasets?: readonly { readonly dataset?: string }[];
  readonly ratelimits?: readonly { readonly namespace_id: string }[];
  readonly triggers: { readonly crons?: readonly string[] };
  readonly durable_objects: { readonly bindings: readonly object[] };
}

const read = (worker: string, env: Environment): WorkerConfig =>
  unstable_readConfig({ config: path.join(ROOT, `wrangler.${worker}.toml`), env }, { hideWarnings: true });

const both = (env: Environment) => ({ producer: read("producer", env), consumer: read("consumer", env) });

/** Everything that two environments must not have in common. */
function resourcesOf(env: Environment): string[] {
  const { producer, consumer } = both(env);
  return [producer, consumer].flatMap((config) => [
    ...config.d1_databases.flatMap((database) => [database.database_name ?? "", database.database_id ?? ""]),
    ...(config.queues.producers ?? []).map(({ queue }) => queue),
    ...(config.queues.consumers ?? []).map(({ queue }) => queue),
    ...(config.analytics_engine_datasets ?? []).map(({ dataset }) => dataset ?? ""),
    ...(config.ratelimits ?? []).map(({ namespace_id }) => `rate limit ${namespace_id}`),
    config.name ?? "",
  ]);
}

test("no two environments share a resource", () => {
  const seen = new Map<string, Environment>();
  for (const env of ENVIRONMENTS) {
    for (const resource of resourcesOf(env)) {
      expect.soft([resource, seen.get(resource) ?? env]).toEqual([resource, env]);
      seen.set(resource, env);
    }
  }
});

describe.each(ENVIRONMENTS)("in %s", (env) => {
  const { producer, consumer } = both(env);
  const consumers = consumer.queues.consumers ?? [];
  const settingsOf = (role: string) =>
    consumers.find(({ queue }) => queue === `webhook-gateway-${role}-${env}`);

  test("both Workers know that it is, and have the same database and dataset", () => {
    expect([producer.vars.ENVIRONMENT, consumer.vars.ENVIRONMENT]).toEqual([env, env]);
    expect(producer.d1_databases).toEqual(consumer.d1_databases);
    expect(producer.analytics_engine_datasets).toEqual(consumer.analytics_engine_datasets);
    expect(producer.compatibility_date).toBe(consumer.compatibility_date);
  });

  test("variables that both read have one value", () => {
    const shared = Object.keys(producer.vars).filter((name) => name in consumer.vars);
    expect(shared).toContain("REPOSITORY_ALLOW");
    for (const name of shared) expect([name, producer.vars[name]]).toEqual([name, consumer.vars[name]]);
  });

  test("every queue that is written to is read, and what cannot be recorded ends in one that is read too", () => {
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

  test("a queue's settings are all said, as the figures of the architecture need them", () => {
    for (const settings of consumers) {
      const { max_batch_size, max_batch_timeout, max_retries, max_concurrency } = settings;
      expect([max_batch_size, max_batch_timeout, max_retries, max_concurrency]).not.toContain(undefined);
    }
    // D1 away for hours: 100 retries are the most that a queue has.
    expect(settingsOf("events")?.max_retries).toBe(100);
    expect(settingsOf("dead")?.max_retries).toBe(100);
  });

  test("the consumer comes every minute and has its Durable Object", () => {
    expect(consumer.triggers.crons).toEqual(["* * * * *"]);
    expect(consumer.durable_objects.bindings).toMatchObject([
      { name: "GITHUB_BUDGET", class_name: "GitHubBudget" },
    ]);
  });

  test("no secret has a value in a file", () => {
    const secret = /SECRET|TOKEN|PRIVATE_KEY|API_KEY|ALERT_WEBHOOK_URL/;
    for (const config of [producer, consumer]) {
      const values = Object.entries(config.vars).filter(([name]) => secret.test(name));
      expect(values.filter(([, value]) => value !== "")).toEqual([]);
    }
  });
});

test("every environment has the variables of every other", () => {
  for (const worker of ["producer", "consumer"]) {
    // Development names optional secrets, so that .dev.vars may set them.
    const named = ENVIRONMENTS.map((env) => Object.entries(read(worker, env).vars))
      .map((vars) => vars.filter(([name]) => !/SECRET|TOKEN|GITHUB_APP|API_KEY|ALERT_WEBHOOK/.test(name)))
      .map((vars) => vars.map(([name]) => name).toSorted());
    expect(named[1]).toEqual(named[0]);
    expect(named[2]).toEqual(named[0]);
  }
});
