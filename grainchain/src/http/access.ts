import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { refuse } from "./answers.ts";
import { isLoopback } from "./listen.ts";

/**
 * Lets in only requests that name this machine. A web page reaches a loopback address under a name of its own, if its
 * owner lets that name lead there (DNS rebinding); then the browser sends no Origin for what it takes for the same site.
 */
export const guardHost: MiddlewareHandler = async (context, next) => {
  if (isLoopback(hostname(context.req.header("Host") ?? ""))) return next();
  return refuse(context, 403, "host_refused", "the Host header must name this machine, such as localhost");
};

/** The name or address in a Host header, without its port. */
function hostname(header: string): string {
  const [, address, name = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(header) ?? [];
  return (address ?? name).toLowerCase();
}

/**
 * Lets in programs only, and only with the key if there is one. Every cross-site request of a browser carries Origin:
 * without this check, any web page could run commands through the loopback address.
 */
export function guardAccess(apiKey: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.header("Origin") !== undefined) {
      return refuse(context, 403, "browser_refused", "requests from web pages are not accepted");
    }
    if (apiKey !== undefined && !isBearer(context.req.header("Authorization"), apiKey)) {
      const message = "a valid Authorization: Bearer key is needed";
      return refuse(context, 401, "unauthorized", message, { "WWW-Authenticate": "Bearer" });
    }
    return next();
  };
}

/** Compares digests in constant time, so that neither the content nor the length of the key can be measured. */
function isBearer(header: string | undefined, apiKey: string): boolean {
  const key = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(key), digest(apiKey));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
