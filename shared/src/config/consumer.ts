/** The consumer's configuration, checked once at the edge. */

import * as v from "valibot";
import { parseHook } from "../github/hook.ts";
import { alertFields } from "./alert.ts";
import { readConfig } from "./common.ts";
import { deployed, isPrivate } from "./deployed.ts";
import * as field from "./field.ts";

/**
 * What may be sent to GitHub: what it lets through (`adaptive`), what it documents (`strict`), or everything until it
 * objects (`off`).
 */
export type BudgetPolicy = "adaptive" | "strict" | "off";

/** GitHub itself limits what is created; Enterprise Server does only if its administrator says so. */
const isGitHubCom = (apiUrl: string): boolean => /(^|\.)(github|ghe)\.com$/.test(new URL(apiUrl).hostname);

/** By default. `gateway provision` makes the archive's lifecycle rules of them. */
export const RETENTION_DAYS = {
  DELIVERIES_RETENTION_DAYS: 14,
  VALIDATIONS_RETENTION_DAYS: 90,
  ARCHIVE_RETENTION_DAYS: 400,
} as const;

const variables = v.object({
  ENVIRONMENT: field.environment,
  WEBHOOK_DEBUG_MODE: field.flag("false"),
  GRAINCHAIN_CALLBACK_SECRET: field.secret,
  CLOUDFLARE_WORKER_URL: field.httpUrl,
  GRAINCHAIN_API_URL: field.httpUrl,
  GRAINCHAIN_API_PREFIX: v.optional(v.pipe(v.string(), v.regex(/^(\/[\w.-]+)*$/)), "/api/v1/validation"),
  GRAINCHAIN_ALLOW_HTTP: field.flag("false"),
  GRAINCHAIN_API_KEY: field.optionalSecret,
  GRAINCHAIN_TIMEOUT: field.integer(60_000, { min: 1_000, max: 86_400_000 }),
  GRAINCHAIN_MAX_MEMORY: v.pipe(
    field.optionalText,
    v.transform((text) => text ?? "512MB"),
    v.regex(/^\d+\s*([KMGT]i?B?|B)?$/i),
  ),
  GRAINCHAIN_REQUEST_TIMEOUT_MS: field.integer(30_000, { min: 100, max: 600_000 }),
  GRAINCHAIN_MAX_CONCURRENT: field.integer(0, { min: 0, max: 1_000_000 }),
  GRAINCHAIN_MAX_CONCURRENT_PER_REPOSITORY: field.integer(0, { min: 0, max: 1_000_000 }),
  DISPATCH_MAX_ATTEMPTS: field.integer(8, { min: 1, max: 100 }),
  VALIDATION_MAX_AGE_SECONDS: field.integer(21_600, { min: 60, max: 2_592_000 }),
  CANCEL_SUPERSEDED: field.flag("true"),
  VALIDATE_DRAFTS: field.flag("true"),
  VALIDATE_FORKS: v.pipe(
    v.optional(v.picklist(["approval", "all", "never", ""]), ""),
    v.transform((given) => (given === "" ? "approval" : given)),
  ),
  REPORT_SKIPPED: field.flag("true"),
  REUSE_RESULTS: field.flag("true"),
  VALIDATE_PUSH_BRANCHES: field.list,
  REPOSITORY_ALLOW: field.list,
  REPOSITORY_DENY: field.list,
  GITHUB_API_URL: v.pipe(
    field.optionalText,
    v.transform((text) => text ?? "https://api.github.com"),
    field.httpUrl,
  ),
  GITHUB_BUDGET: v.optional(v.picklist(["adaptive", "strict", "off", ""]), ""),
  GITHUB_TOKEN: field.optionalSecret,
  GITHUB_APP_ID: v.pipe(
    field.optionalSecret,
    v.check((text) => text === undefined || /^\d+$/.test(text), "not a number"),
  ),
  // A text of lines: its file ends with a newline.
  GITHUB_APP_PRIVATE_KEY: field.optionalText,
  ...alertFields,
  ALERT_OLDEST_WAITING_SECONDS: field.integer(900, { min: 60, max: 604_800 }),
  EVENTS_SINK_URL: field.optionalUrl,
  EVENTS_SINK_SECRET: field.optionalSecret,
  EVENTS_SINK_FORMAT: v.pipe(
    v.optional(v.picklist(["cloudevents", "codegenapp", ""]), ""),
    v.transform((given) => (given === "" ? "cloudevents" : given)),
  ),
  OTLP_ENDPOINT: field.optionalUrl,
  OTLP_HEADERS: v.pipe(
    field.optionalSecret,
    v.transform((text) =>
      text === undefined ? [] : text.split(",").map((pair) => pair.trim().split(/=(.*)/)),
    ),
    v.check((pairs) => pairs.every(([name = "", value]) => /^[\w-]+$/.test(name) && value), "not name=value"),
    v.transform((pairs) => Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]))),
  ),
  DELIVERIES_RETENTION_DAYS: field.integer(RETENTION_DAYS.DELIVERIES_RETENTION_DAYS, { min: 4, max: 3650 }),
  VALIDATIONS_RETENTION_DAYS: field.integer(RETENTION_DAYS.VALIDATIONS_RETENTION_DAYS, { min: 4, max: 3650 }),
  ARCHIVE_RETENTION_DAYS: field.integer(RETENTION_DAYS.ARCHIVE_RETENTION_DAYS, { min: 1, max: 3650 }),
  AUDIT_REPOSITORIES: field.list,
  RECONCILE_HOOKS: v.pipe(
    field.list,
    v.transform((names) => names.map(parseHook)),
    v.check((hooks) => !hooks.includes(undefined), "not a hook"),
    v.transform((hooks) => hooks.filter((hook) => hook !== undefined)),
  ),
});

/** Without `GITHUB_TOKEN`, which GitHub makes. */
const SECRETS = [
  "GRAINCHAIN_CALLBACK_SECRET",
  "GRAINCHAIN_API_KEY",
  "ALERT_WEBHOOK_SECRET",
  "EVENTS_SINK_SECRET",
] as const;
const ADDRESSES = [
  "CLOUDFLARE_WORKER_URL",
  "GRAINCHAIN_API_URL",
  "GITHUB_API_URL",
  "EVENTS_SINK_URL",
  "OTLP_ENDPOINT",
] as const;

const schema = v.pipe(
  variables,
  v.transform((config) => {
    const byDefault: BudgetPolicy = isGitHubCom(config.GITHUB_API_URL) ? "adaptive" : "off";
    return { ...config, GITHUB_BUDGET: config.GITHUB_BUDGET === "" ? byDefault : config.GITHUB_BUDGET };
  }),
  deployed({
    secrets: (config) =>
      SECRETS.map((key) => ({
        key,
        value: config[key],
        // A receiver outside this machine has to know who sends.
        required: key === "EVENTS_SINK_SECRET" && config.EVENTS_SINK_URL !== undefined,
      })),
    addresses: (config) => {
      const mayBeHttp = config.GRAINCHAIN_ALLOW_HTTP && isPrivate(config.GRAINCHAIN_API_URL);
      const strict = ADDRESSES.filter((key) => key !== "GRAINCHAIN_API_URL" || !mayBeHttp);
      return strict.flatMap((key) => {
        const url = config[key];
        return url === undefined ? [] : [{ key, url }];
      });
    },
  }),
);

export type ConsumerConfig = v.InferOutput<typeof schema>;

/**
 * Reads the environment.
 * @throws ConfigError naming the bad keys, never their values
 */
export const readConsumerConfig = (env: unknown): ConsumerConfig => readConfig(schema, env);
