import { hasWhitespaceAround } from "@webhook-gateway/shared/secret.ts";
import { readDevVarsFile } from "../dev/settings.ts";
import { EXIT, GatewayError } from "./exit.ts";

/**
 * The secret to sign deliveries with. A gateway on this machine shares its `.dev.vars`; for any other one it has to
 * be given.
 * @throws GatewayError where there is none, or one that no gateway has
 */
export function webhookSecret(url: string): string {
  const local = isLocal(url) ? readDevVarsFile().GITHUB_WEBHOOK_SECRET : undefined;
  const secret = process.env.GITHUB_WEBHOOK_SECRET || local;
  if (secret !== undefined && hasWhitespaceAround(secret)) {
    throw new GatewayError("GITHUB_WEBHOOK_SECRET has whitespace around it", EXIT.usage);
  }
  if (secret !== undefined) return secret;
  throw new GatewayError("GITHUB_WEBHOOK_SECRET is not set: it signs the delivery", EXIT.usage);
}

function isLocal(url: string): boolean {
  try {
    return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
  } catch {
    throw new GatewayError("--url is no URL", EXIT.usage);
  }
}
