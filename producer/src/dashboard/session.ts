/**
 * Who signed in with a token. The cookie is signed with a key made from that token: a token that is replaced or removed
 * ends its sessions, and nobody can make a session of somebody else.
 */
import type { Context } from "hono";
import { deleteCookie, getCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import { actorOf } from "../auth/caller.ts";
import type { TokenHolder } from "../auth/tokens.ts";
import { BASE } from "./parts/link.ts";

export interface Session {
  readonly id: string;
  readonly holder: TokenHolder;
  readonly expiresMs: number;
}

const SESSION_SECONDS = 12 * 3600;
const NAME = "gateway-session";

/** Neither occurs in a name or an id. */
const SEPARATOR = "~";

/** Not the token itself, so that it signs nothing else. */
const keyOf = ({ token }: TokenHolder): string => `dashboard-session:v1:${token}`;

/** `Secure` everywhere but over plain HTTP, where a browser would drop the cookie. With the prefix, no sibling domain can set it. */
const isSecure = ({ req }: Context): boolean => new URL(req.url).protocol === "https:";
const prefixOf = (context: Context) => (isSecure(context) ? "host" : undefined);

export async function startSession(context: Context, holder: TokenHolder, id: string, nowMs: number) {
  const value = [actorOf(holder), id, nowMs + SESSION_SECONDS * 1000].join(SEPARATOR);
  const prefix = prefixOf(context);
  await setSignedCookie(context, NAME, value, keyOf(holder), {
    ...(prefix === undefined ? { path: BASE } : { path: "/", secure: true, prefix }),
    httpOnly: true,
    sameSite: "Strict",
    maxAge: SESSION_SECONDS,
  });
}

/** @returns undefined if there is none, or if it has expired; whether it was revoked is not known here */
export async function readSession(
  context: Context,
  holders: readonly TokenHolder[],
  nowMs: number,
): Promise<Session | undefined> {
  const prefix = prefixOf(context);
  const [actor] = (getCookie(context, NAME, prefix) ?? "").split(SEPARATOR);
  const holder = holders.find((one) => actorOf(one) === actor);
  if (holder === undefined) return undefined;
  const value = await getSignedCookie(context, keyOf(holder), NAME, prefix);
  const [, id, expires] = value ? value.split(SEPARATOR) : [];
  const expiresMs = Number(expires);
  return id !== undefined && expiresMs > nowMs ? { id, holder, expiresMs } : undefined;
}

export function clearSession(context: Context): void {
  const prefix = prefixOf(context);
  deleteCookie(context, NAME, prefix === undefined ? { path: BASE } : { path: "/", secure: true, prefix });
}
