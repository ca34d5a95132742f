/** Who asks: HTTP Basic with a token for a password. The user name is for the record, not for access. */
import { sameSecret } from "@webhook-gateway/shared/config/secret.ts";
import { auth } from "hono/utils/basic-auth";
import type { Role } from "../auth/access.ts";
import { type RateLimit, refuseUnauthorized } from "../auth/rate-limit.ts";
import type { ApiError } from "../http/api-error.ts";

export interface Visitor {
  readonly role: Role;
  readonly name: string;
}

interface Tokens {
  readonly OPERATOR_TOKEN: string;
  readonly READER_TOKEN: string;
}

const CHALLENGE = { "www-authenticate": 'Basic realm="webhook-gateway", charset="UTF-8"' };
const MESSAGE = "The password is the operator's or the reader's token; any user name does.";

/** Knows a visitor by the password. One without any is only asked for it: a browser's first request has none. */
export async function identify(
  tokens: Tokens,
  limit: RateLimit,
  request: Request,
): Promise<Visitor | { readonly error: ApiError }> {
  const given = auth(request);
  const challenge: ApiError = { code: "unauthorized", message: MESSAGE, headers: CHALLENGE };
  if (given === undefined) return { error: challenge };
  const [operator, reader] = await Promise.all([
    sameSecret(given.password, tokens.OPERATOR_TOKEN),
    sameSecret(given.password, tokens.READER_TOKEN),
  ]);
  if (operator || reader) {
    const role = operator ? "operator" : "reader";
    return { role, name: await nameOf(given.username, role, tokens) };
  }
  const refusal = await refuseUnauthorized(limit, request, "token", MESSAGE);
  return { error: refusal.code === "unauthorized" ? challenge : refusal };
}

/** The name is recorded, so a token that was typed in its place is not kept as one. */
async function nameOf(given: string, role: Role, tokens: Tokens): Promise<string> {
  const name = given
    .replaceAll(/[^\x20-\x7e]/g, "")
    .trim()
    .slice(0, 100);
  const secrets = [tokens.OPERATOR_TOKEN, tokens.READER_TOKEN];
  return name === "" || secrets.some((secret) => given.includes(secret)) ? role : name;
}
