/** The producer's configuration, checked once at the edge. */

import * as v from "valibot";
import { readConfig } from "./common.ts";
import * as field from "./field.ts";
import { isBoundInVain, labeledSecrets } from "./labeled-secrets.ts";
import { namedTokens } from "./named-tokens.ts";
import type { LabeledSecret, WebhookSecret } from "./secret.ts";

const variables = v.object({
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

export type ProducerConfig = v.InferOutput<typeof variables>;

const schema = v.pipe(
  variables,
  v.forward(
    v.check(
      (config) => !isBoundInVain(webhookSecrets(config)),
      "a secret bound to repositories is there twice",
    ),
    ["GITHUB_WEBHOOK_SECRETS"],
  ),
);

/**
 * Reads the environment.
 * @throws ConfigError naming the bad keys, never their values
 */
export const readProducerConfig = (env: unknown): ProducerConfig => readConfig(schema, env);

/** Every secret that GitHub may sign with, the current one first. */
export const webhookSecrets = (config: ProducerConfig): WebhookSecret[] => [
  ...withPrevious(config.GITHUB_WEBHOOK_SECRET, config.GITHUB_WEBHOOK_SECRET_PREVIOUS),
  ...config.GITHUB_WEBHOOK_SECRETS,
];

/** Every secret that may authenticate a callback, the current one first. */
export const callbackSecrets = (config: ProducerConfig): LabeledSecret[] =>
  withPrevious(config.GRAINCHAIN_CALLBACK_SECRET, config.GRAINCHAIN_CALLBACK_SECRET_PREVIOUS);

const withPrevious = (current: string, previous: string | undefined): LabeledSecret[] => [
  { label: "current", secret: current },
  ...(previous === undefined ? [] : [{ label: "previous", secret: previous }]),
];
