import { hasWhitespaceAround } from "@webhook-gateway/shared/config/secret.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { projectDir } from "../project/project.ts";
import { readSettingsFile } from "./settings-file.ts";

/**
 * The secret to sign deliveries with, from the environment. For a gateway on this machine it may also come from
 * `.dev.vars`.
 * @param url of the gateway
 * @throws GatewayError if there is none, or no gateway can have it
 */
export function webhookSecret(url: string): string {
  const secret = process.env.GITHUB_WEBHOOK_SECRET || (isLocal(url) ? localSecret() : undefined);
  if (secret !== undefined && hasWhitespaceAround(secret)) {
    throw new GatewayError("GITHUB_WEBHOOK_SECRET has whitespace around it", EXIT.usage);
  }
  if (secret !== undefined) return secret;
  throw new GatewayError("GITHUB_WEBHOOK_SECRET is not set: it signs the delivery", EXIT.usage);
}

const localSecret = (): string | undefined =>
  readSettingsFile(projectDir(process.env), ".dev.vars").GITHUB_WEBHOOK_SECRET;

const isLocal = (url: string): boolean => ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
