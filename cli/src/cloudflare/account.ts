/** The Cloudflare account that is worked on. */
import { hasWhitespaceAround } from "@webhook-gateway/shared/config/secret.ts";
import { EXIT, GatewayError } from "../exit.ts";
import type { Settings } from "../project/project.ts";

export interface Account {
  readonly id: string;
  readonly token: string;
  /** Without a slash at its end. */
  readonly apiUrl: string;
}

/** Rights of a token, as Cloudflare's dashboard names them. */
export const RIGHTS = {
  queues: "Queues: Edit",
  d1: "D1: Edit",
  scripts: "Workers Scripts: Edit",
} as const;
export type Right = (typeof RIGHTS)[keyof typeof RIGHTS];

const API_URL = "https://api.cloudflare.com/client/v4";

const NAMES = ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"] as const;

/** @throws GatewayError naming what is set and cannot be used */
export function checkAccount(settings: Settings): void {
  if (!URL.canParse(settings.CLOUDFLARE_API_BASE_URL ?? API_URL))
    throw new GatewayError("CLOUDFLARE_API_BASE_URL is not a URL", EXIT.usage);
  const bad = NAMES.filter((name) => hasWhitespaceAround(settings[name] ?? ""));
  if (bad.length === 0) return;
  throw new GatewayError(
    `${bad.join(" and ")} ${bad.length === 1 ? "has whitespace around it" : "have whitespace around them"}`,
    EXIT.usage,
  );
}

/** @throws GatewayError naming what is not set, or cannot be used */
export function readAccount(settings: Settings): Account {
  checkAccount(settings);
  const { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_ACCOUNT_ID: id } = settings;
  if (token !== undefined && id !== undefined) {
    // Wrangler's own name for where the API is.
    const apiUrl = settings.CLOUDFLARE_API_BASE_URL ?? API_URL;
    return { id, token, apiUrl: apiUrl.replace(/\/+$/, "") };
  }
  const missing = NAMES.filter((name) => settings[name] === undefined);
  throw new GatewayError(
    `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not set: put them into .env, as .env.example ` +
      `shows, or into the environment. The token needs ${Object.values(RIGHTS).join(", ")}`,
    EXIT.usage,
  );
}

/** What to do about a refusal of Cloudflare's, where it is one for lack of rights; else undefined. */
export function rightsMend(message: string, right: Right): string | undefined {
  const refused = /\[code: (?:10000|9109|7403)\]|authentication error|unauthori[sz]ed|forbidden/i.test(
    message,
  );
  return refused
    ? `CLOUDFLARE_API_TOKEN needs the right "${right}" on the account that CLOUDFLARE_ACCOUNT_ID names`
    : undefined;
}
