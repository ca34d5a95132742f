/** Calls the double as an independent client does, and signs an App's JWTs. */
import { createSign } from "node:crypto";

/** An answer. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed, if it is JSON. */
  readonly body: unknown;
}

export interface Question {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** @param route `POST https://…` */
export async function ask(route: string, question: Question = {}): Promise<Answered> {
  const [method = "GET", url = ""] = route.split(" ");
  const { token, body, headers, signal } = question;
  const response = await fetch(url, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      "user-agent": "double-test",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") && text !== "";
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

/** Signs a JWT as an App does. */
export function signJwt(
  privateKey: string,
  claims: Readonly<Record<string, unknown>>,
  alg = "RS256",
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
}

/** The claims that GitHub requires. */
export function claims(iss: number | string, now: number = Math.floor(Date.now() / 1000)) {
  return { iss, iat: now - 60, exp: now + 540 };
}
