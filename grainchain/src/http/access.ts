import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { errorBody } from "./answers.ts";

/**
 * Lets only programs in, and only those with the key where there is one. Whatever a browser sends for
 * a page carries Origin: without this check any web page could run commands through the loopback address.
 */
export function guardAccess(apiKey: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.header("Origin") !== undefined) {
      return context.json(errorBody("browser_refused", "requests of web pages are not accepted"), 403);
    }
    if (apiKey !== undefined && !isBearer(context.req.header("Authorization"), apiKey)) {
      context.header("WWW-Authenticate", "Bearer");
      return context.json(errorBody("unauthorized", "a valid Authorization: Bearer key is needed"), 401);
    }
    return next();
  };
}

/** Compares digests in constant time, so that neither content nor length of the key can be measured. */
function isBearer(header: string | undefined, apiKey: string): boolean {
  const key = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(key), digest(apiKey));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
