/** What a credential may not send yet, from the results of what was sent under it. Pure. */
import { type Credential, credentialName, limitOf } from "@webhook-gateway/shared/github/client.ts";
import type { Limit } from "@webhook-gateway/shared/store/sql/limit.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import type { Cost } from "./budget.ts";
import type { Answered } from "./installation.ts";

/** A request that was sent, or that a budget refused. */
export interface Attempted {
  readonly credential: Credential;
  /** Whether it could have waited. */
  readonly minor: boolean;
  readonly creates: boolean;
  /** The budget of its credential refused it until then. */
  readonly refusedUntilMs: number | undefined;
  /** GitHub wants no request before. */
  readonly limitedUntilMs: number | undefined;
}

/** @param cost of the request itself: the question for its installation can neither wait nor creates anything */
export const attemptedOf = ({ answer, credential }: Answered, { minor, creates }: Cost): Attempted => ({
  credential,
  minor: minor && credential.kind !== "app",
  creates: creates && credential.kind !== "app",
  refusedUntilMs: "refusedUntilMs" in answer ? answer.refusedUntilMs : undefined,
  limitedUntilMs: "refusedUntilMs" in answer ? undefined : limitOf(answer)?.untilMs,
});

/** The limits to store, the longest of each kind: of everything if GitHub asked for it, else of what is like it. */
export function limitsOf(attempted: readonly Attempted[]): Limit[] {
  const longest = new Map<string, Limit>();
  for (const { credential, minor, creates, refusedUntilMs, limitedUntilMs } of attempted) {
    const untilMs = limitedUntilMs ?? refusedUntilMs;
    if (untilMs === undefined) continue;
    const isRefused = limitedUntilMs === undefined;
    const limit: Limit = {
      credential: credentialName(credential),
      minor: isRefused && minor,
      creates: isRefused && creates,
      until: isoTime(untilMs),
    };
    const key = `${limit.credential} ${limit.minor} ${limit.creates}`;
    if ((longest.get(key)?.until ?? "") < limit.until) longest.set(key, limit);
  }
  return [...longest.values()];
}

/** The installation that a row is sent under; 0: it is to be asked for; null: none, or it was not asked. */
export const installationIdOf = (credential: Credential | undefined): number | null =>
  credential === undefined || credential.kind === "token"
    ? null
    : credential.kind === "app"
      ? 0
      : credential.id;
