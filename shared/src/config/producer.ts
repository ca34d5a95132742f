/** The producer's configuration, checked once at the edge. */

import * as v from "valibot";
import { isSafeDomain, teamDomain } from "./cloudflare-access.ts";
import { readConfig } from "./common.ts";
import { deployed, type NamedSecret } from "./deployed.ts";
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
  CALLBACK_BEARER: field.flag("true"),
  ACCESS_TEAM_DOMAIN: teamDomain,
  /** Of the Access applications for the dashboard and the operator API. */
  ACCESS_AUD: field.list,
  /** Globs over e-mail addresses, without case. Everybody else who gets through Access is a reader. */
  ACCESS_OPERATORS: field.list,
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
  deployed({ secrets: secretsOf, addresses: () => [] }),
  v.forward(
    v.check(
      ({ ACCESS_TEAM_DOMAIN, ENVIRONMENT }) => isSafeDomain(ACCESS_TEAM_DOMAIN, ENVIRONMENT),
      "not https",
    ),
    ["ACCESS_TEAM_DOMAIN"],
  ),
  // Without its audience, a token of any application of the team would do.
  v.forward(
    v.check(
      ({ ACCESS_TEAM_DOMAIN, ACCESS_AUD }) =>
        (ACCESS_TEAM_DOMAIN === undefined) === (ACCESS_AUD.length === 0),
      "ACCESS_TEAM_DOMAIN and ACCESS_AUD belong together",
    ),
    ["ACCESS_AUD"],
  ),
);

function secretsOf(config: ProducerConfig): NamedSecret[] {
  const each = (key: string, values: readonly string[]) => values.map((value) => ({ key, value }));
  return [
    { key: "GITHUB_WEBHOOK_SECRET", value: config.GITHUB_WEBHOOK_SECRET },
    { key: "GITHUB_WEBHOOK_SECRET_PREVIOUS", value: config.GITHUB_WEBHOOK_SECRET_PREVIOUS },
    // Two labels may name one secret: several hooks can share it.
    ...each("GITHUB_WEBHOOK_SECRETS", [
      ...new Set(config.GITHUB_WEBHOOK_SECRETS.map(({ secret }) => secret)),
    ]),
    { key: "GRAINCHAIN_CALLBACK_SECRET", value: config.GRAINCHAIN_CALLBACK_SECRET },
    { key: "GRAINCHAIN_CALLBACK_SECRET_PREVIOUS", value: config.GRAINCHAIN_CALLBACK_SECRET_PREVIOUS },
    { key: "OPERATOR_TOKEN", value: config.OPERATOR_TOKEN },
    ...each("OPERATOR_TOKENS", Object.values(config.OPERATOR_TOKENS)),
    { key: "READER_TOKEN", value: config.READER_TOKEN },
    ...each("READER_TOKENS", Object.values(config.READER_TOKENS)),
  ];
}

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
