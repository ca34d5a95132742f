/** Each environment's whole configuration of each Worker, as Wrangler reads it, with what is its own replaced. */
import path from "node:path";
import * as v from "valibot";
import { unstable_readConfig } from "wrangler";
import { ENVIRONMENTS, type EnvironmentName, WORKERS } from "../../../cli/src/project/project.ts";
import { OPTIONAL_SECRETS } from "../../../cli/src/project/secret-names.ts";

const filled = <Item extends v.GenericSchema>(item: Item) => v.pipe(v.array(item), v.minLength(1));

/** What of a configuration no two environments may have in common. Nothing that is missing counts as an empty list. */
const resources = {
  producer: v.pipe(
    v.object({
      name: v.string(),
      d1_databases: filled(v.object({ database_name: v.string(), database_id: v.string() })),
      queues: v.object({ producers: filled(v.object({ queue: v.string() })) }),
      analytics_engine_datasets: filled(v.object({ dataset: v.string() })),
      ratelimits: filled(v.object({ namespace_id: v.string() })),
    }),
    v.transform((config) => [
      config.name,
      ...config.d1_databases.flatMap(({ database_name, database_id }) => [database_name, database_id]),
      ...config.queues.producers.map(({ queue }) => queue),
      ...config.analytics_engine_datasets.map(({ dataset }) => dataset),
      ...config.ratelimits.map(({ namespace_id }) => `rate limit ${namespace_id}`),
    ]),
  ),
  consumer: v.pipe(
    v.object({
      name: v.string(),
      d1_databases: filled(v.object({ database_name: v.string(), database_id: v.string() })),
      queues: v.object({
        producers: filled(v.object({ queue: v.string() })),
        consumers: filled(v.object({ queue: v.string(), dead_letter_queue: v.optional(v.string()) })),
      }),
      analytics_engine_datasets: filled(v.object({ dataset: v.string() })),
    }),
    v.transform((config) => [
      config.name,
      ...config.d1_databases.flatMap(({ database_name, database_id }) => [database_name, database_id]),
      ...config.queues.producers.map(({ queue }) => queue),
      ...config.queues.consumers.flatMap(({ queue, dead_letter_queue: dead }) => [
        queue,
        ...(dead ? [dead] : []),
      ]),
      ...config.analytics_engine_datasets.map(({ dataset }) => dataset),
    ]),
  ),
};

/** Each is an environment's own, and why. */
const OWN: readonly (readonly [field: RegExp, reason: string])[] = [
  [/^definedEnvironments\./, "says what the file has, not what an environment has"],
  [/^d1_databases\.\d+\.database_id$/, "a database's id"],
  [/^ratelimits\.\d+\.namespace_id$/, "a counter's id"],
  [/^vars\.(CLOUDFLARE_WORKER_URL|GRAINCHAIN_API_URL)$/, "an address"],
  [/^vars\.RECONCILE_HOOKS$/, "hooks send to one environment"],
  [/^vars\.PROJECT_STATUS_PUBLIC$/, "open on the own machine only"],
  [new RegExp(`^vars\\.(${Object.values(OPTIONAL_SECRETS).flat().join("|")})$`), "named for .dev.vars only"],
  [/^(routes\..+|workers_dev)$/, "a domain of one's own"],
];

type Worker = (typeof WORKERS)[number];

const read = (dir: string, worker: Worker, env: EnvironmentName): unknown =>
  unstable_readConfig({ config: path.join(dir, `wrangler.${worker}.toml`), env }, { hideWarnings: true });

/** Where staging and production differ from development: `staging: producer.ratelimits.0.simple.limit: 100, here 10`. */
export const environmentDifferences = (dir: string): string[] =>
  WORKERS.flatMap((worker) => {
    const model = fieldsOf(dir, worker, "development");
    return (["staging", "production"] as const).flatMap((env) => {
      const fields = fieldsOf(dir, worker, env);
      return [...new Set([...model.keys(), ...fields.keys()])]
        .filter((field) => model.get(field) !== fields.get(field))
        .map((field) => `${env}: ${worker}.${field}: ${model.get(field)}, here ${fields.get(field)}`);
    });
  });

/** Every single value by where it stands, but for those that are the environment's own. */
function fieldsOf(dir: string, worker: Worker, env: EnvironmentName): Map<string, string> {
  const fields = new Map<string, string>();
  const walk = (value: unknown, place: string): void => {
    if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
      for (const [key, inner] of Object.entries(value)) walk(inner, place === "" ? key : `${place}.${key}`);
    } else if (value !== undefined && !OWN.some(([field]) => field.test(place))) {
      fields.set(place, JSON.stringify(value).replaceAll(dir, "<dir>").replaceAll(env, "<environment>"));
    }
  };
  walk(read(dir, worker, env), "");
  return fields;
}

/** What more than one environment has: `webhook-gateway-staging: staging, production`. */
export function sharedResources(dir: string): string[] {
  const owners = new Map<string, Set<EnvironmentName>>();
  for (const env of ENVIRONMENTS) {
    for (const worker of WORKERS) {
      for (const resource of v.parse(resources[worker], read(dir, worker, env)))
        owners.set(resource, (owners.get(resource) ?? new Set()).add(env));
    }
  }
  return [...owners].flatMap(([resource, envs]) =>
    envs.size > 1 ? [`${resource}: ${[...envs].join(", ")}`] : [],
  );
}
