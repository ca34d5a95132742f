/** One debug line for each request. */
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";

interface App {
  fetch(request: Request): Promise<Response>;
}

/** The only parts of paths that are logged: the rest may be a capability, and an unknown path may hold anything. */
const AREAS = [
  "/webhook/github",
  "/webhook/status",
  "/webhook/projects",
  "/callbacks",
  "/api",
  "/dashboard",
  "/health",
] as const;

/** Wraps the app. Only used in debug mode, so that it costs nothing otherwise. */
export function logRequests(app: App, log: Log, now: () => Date): App {
  return {
    async fetch(request) {
      const startedMs = now().getTime();
      const response = await app.fetch(request);
      log.debug("request.answered", {
        request_id: response.headers.get("x-request-id"),
        method: request.method,
        area: areaOf(request.url),
        status: response.status,
        duration_ms: now().getTime() - startedMs,
      });
      return response;
    },
  };
}

function areaOf(url: string): string {
  const { pathname } = new URL(url);
  const area = AREAS.find((known) => pathname === known || pathname.startsWith(`${known}/`));
  return area ?? (pathname === "/" ? "/" : "other");
}
