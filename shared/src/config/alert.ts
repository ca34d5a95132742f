/** Where alerts go. It is read by itself, so that an alert needs no other setting to be right. */
import * as v from "valibot";
import { readConfig } from "./common.ts";
import * as field from "./field.ts";

/** Shared with the consumer's whole configuration. */
export const alertFields = {
  ALERT_WEBHOOK_URL: field.optionalUrl,
  ALERT_WEBHOOK_SECRET: field.optionalSecret,
};

const schema = v.object({ ENVIRONMENT: v.fallback(v.string(), "unknown"), ...alertFields });

export type AlertConfig = v.InferOutput<typeof schema>;

/**
 * Reads it from the environment.
 * @throws ConfigError naming the bad keys, never their values
 */
export const readAlertConfig = (env: unknown): AlertConfig => readConfig(schema, env);
