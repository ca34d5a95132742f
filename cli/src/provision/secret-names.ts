/** The names of what is kept secret. */

/** Secrets that are random text: where there is none yet, one can be made. */
export const RANDOM_SECRETS: readonly string[] = [
  "GITHUB_WEBHOOK_SECRET",
  "GRAINCHAIN_CALLBACK_SECRET",
  "OPERATOR_TOKEN",
  "READER_TOKEN",
];

/** Every secret of the gateway. */
export const SECRETS: readonly string[] = [
  ...RANDOM_SECRETS,
  "GITHUB_WEBHOOK_SECRET_PREVIOUS",
  "GITHUB_WEBHOOK_SECRETS",
  "GRAINCHAIN_API_KEY",
  "GITHUB_TOKEN",
  "GITHUB_APP_ID",
  "GITHUB_APP_PRIVATE_KEY",
  "ALERT_WEBHOOK_URL",
  "ALERT_WEBHOOK_SECRET",
];
