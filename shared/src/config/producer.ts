/** The producer's configuration, checked once at the edge. */

import * as v from "valibot";
import { readConfig } from "./common.ts";
import * as field from "./field.ts";
import { namedTokens } from "./named-tokens.ts";
import { hasWhitespaceAround, type LabeledSecret } from "./secret.ts";

type SecretsByLabel = Readonly<Record<string, string>>;

/** Labels appear in logs and counts, so they say which secret without saying the secret. */
const byLabel = v.record(v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)), v.pipe(v.string(), v.minLength(1)));

/** The labels of the two secrets that have names of their own. */
const TAKEN = ["current", "previous"] as const;

const labeledSecrets = v.pipe(
  v.optional(v.string(), ""),
  v.transform((text) => (text === "" ? "{}" : text)),
  v.parseJson(),
  // Judged as a whole: an error that names one entry would show its label, which may be a misplaced secret.
  v.custom<SecretsByLabel>((given) => !Array.isArray(given) && v.is(byLabel, given)),
  v.check((given) => !Object.values(given).some(hasWhitespaceAround), "an entry has whitespace around it"),
  // Otherwise nobody could tell which of two secrets a log line or a count refers to.
  v.check((given) => !TAKEN.some((label) => Object.hasOwn(given, label)), "a label that another secret has"),
);

const schema = v.object({
  ENVIRONMENT: field.environment,
  WEBHOOK_DEBUG_MODE: field.flag("false"),
  GITHUB_WEBHOOK_SECRET: field.secret,
  GITHUB_WEBHOOK_SECRET_PREVIOUS: field.optionalSecret,
  GITHUB_WEBHOOK_SECRETS: labeledSecrets,
  GRAINCHAIN_CALLBACK_SECRET: field.secret,
  GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: field.optionalSecret,
  OPERATOR_TOKEN: field.secret,
  OPERATOR_TOKENS: namedTokens("operator"),
  READER_TOKEN: field.secret,
  READER_TOKENS: namedTokens("reader"),
  PROJECT_STATUS_PUBLIC: field.flag("false"),
  VALIDATE_PUSH_BRANCHES: field.list,
  REPOSITORY_ALLOW: field.list,
  REPOSITORY_DENY: field.list,
});

export type ProducerConfig = v.InferOutput<typeof schema>;

/**
 * Reads the environment.
 * @throws ConfigError naming the bad keys, never their values
 */
export const readProducerConfig = (env: unknown): ProducerConfig => readConfig(schema, env);

/** Every secret that GitHub may sign with, the current one first. */
export const webhookSecrets = (config: ProducerConfig): LabeledSecret[] => [
  ...withPrevious(config.GITHUB_WEBHOOK_SECRET, config.GITHUB_WEBHOOK_SECRET_PREVIOUS),
  ...Object.entries(config.GITHUB_WEBHOOK_SECRETS).map(([label, secret]) => ({ label, secret })),
];

/** Every secret that may authenticate a callback, the current one first. */
export const callbackSecrets = (config: ProducerConfig): LabeledSecret[] =>
  withPrevious(config.GRAINCHAIN_CALLBACK_SECRET, config.GRAINCHAIN_CALLBACK_SECRET_PREVIOUS);

const withPrevious = (current: string, previous: string | undefined): LabeledSecret[] => [
  { label: "current", secret: current },
  ...(previous === undefined ? [] : [{ label: "previous", secret: previous }]),
];
