/** One debug line for each request, whatever it was for. */
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";

interface App {
  fetch(request: Request): Promise<Response>;
}

/** All that is said of a path: what follows can be a capability, and what is on no list can be anything. */
const AREAS = [
  "/webhook/github",
  "/webhook/status",
  "/webhook/projects",
  "/callbacks",
  "/api",
  "/dashboard",
  "/health",
] as const;

/** Wraps the app; only where debug lines are written, so that it costs others nothing. */
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
