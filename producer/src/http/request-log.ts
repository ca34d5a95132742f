/** One debug line for each request. */
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { areaOf } from "./area.ts";

interface App {
  fetch(request: Request): Promise<Response>;
}

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
