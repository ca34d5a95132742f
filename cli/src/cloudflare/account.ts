/** The Cloudflare account that a command works on. */
import { hasWhitespaceAround } from "@webhook-gateway/shared/config/secret.ts";
import { EXIT, GatewayError } from "../exit.ts";
import type { Settings } from "../project/project.ts";

export interface Account {
  readonly id: string;
  readonly token: string;
  /** Without a slash at its end. */
  readonly apiUrl: string;
}

/** Rights of a token, by their names in Cloudflare's dashboard. */
export const RIGHTS = {
  queues: "Queues: Edit",
  d1: "D1: Edit",
  r2: "Workers R2 Storage: Edit",
  scripts: "Workers Scripts: Edit",
} as const;
export type Right = (typeof RIGHTS)[keyof typeof RIGHTS];

const API_URL = "https://api.cloudflare.com/client/v4";

const NAMES = ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"] as const;

/** @throws GatewayError naming what is set but invalid */
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

/** None of them, for a plan without an account. */
export const NO_ACCOUNT: Account = { id: "", token: "", apiUrl: "" };

/** @returns which settings of the account are not set */
export const missingAccount = (settings: Settings): readonly string[] =>
  NAMES.filter((name) => settings[name] === undefined);

/** Names them in a sentence. */
export const notSetText = (missing: readonly string[]): string =>
  `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not set`;

/** @throws GatewayError naming what is not set, or is invalid */
export function readAccount(settings: Settings): Account {
  checkAccount(settings);
  const { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_ACCOUNT_ID: id } = settings;
  if (token !== undefined && id !== undefined) {
    // Wrangler reads the address of the API from the same variable.
    const apiUrl = settings.CLOUDFLARE_API_BASE_URL ?? API_URL;
    return { id, token, apiUrl: apiUrl.replace(/\/+$/, "") };
  }
  const missing = missingAccount(settings);
  throw new GatewayError(
    `${notSetText(missing)}: add them to .env (see .env.example) ` +
      `or to the environment. The token needs ${Object.values(RIGHTS).join(", ")}`,
    EXIT.usage,
  );
}

/** Adds to a message of Cloudflare's which right is missing, if that is what it is about. */
export function explainRefusal(message: string, right: Right): string {
  const refused = /\[code: (?:10000|9109|7403)\]|authentication error|unauthori[sz]ed|forbidden/i.test(
    message,
  );
  return refused
    ? `${message}. CLOUDFLARE_API_TOKEN needs the right "${right}" on the account that CLOUDFLARE_ACCOUNT_ID names`
    : message;
}
