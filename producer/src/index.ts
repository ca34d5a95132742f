import { waitUntil } from "cloudflare:workers";
import { createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { readProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { observeWith } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { createApp } from "./app.ts";
import { createRefusalCounter } from "./auth/refusal-counter.ts";
import { errorResponse } from "./http/api-error.ts";
import { setCommonHeaders } from "./http/common-headers.ts";
import { logRequests } from "./http/request-log.ts";

type App = ReturnType<typeof createApp>;

/** An isolate serves one environment: the routes are built and the secrets imported once. */
let built: { readonly env: Env; readonly app: App } | undefined;

function appFor(env: Env): App {
  if (built?.env === env) return built.app;
  const config = readProducerConfig(env);
  const log = createLog({ debug: config.WEBHOOK_DEBUG_MODE, observe: observeWith(env.METRICS) }).with({
    worker: "producer",
  });
  const now = () => new Date();
  if (config.ENVIRONMENT === "production" && config.PROJECT_STATUS_PUBLIC) {
    log.warn("config.open", {
      reason: "PROJECT_STATUS_PUBLIC shows the status of every repository to anybody",
    });
  }
  const quiet = createApp({
    config,
    db: env.DB,
    archive: createArchive(env.ARCHIVE, { now }),
    queue: env.EVENTS,
    rateLimit: env.FAILED_SIGNATURES,
    countRefusal: createRefusalCounter({ db: env.DB, log, now, waitUntil, wait: (ms) => scheduler.wait(ms) }),
    waitUntil,
    log,
    now,
    newId: () => crypto.randomUUID(),
    fetch: (url, init) => fetch(url, init),
  });
  const app = config.WEBHOOK_DEBUG_MODE ? logRequests(quiet, log, now) : quiet;
  built = { env, app };
  return app;
}

/** With an invalid configuration nothing can be verified, so nothing is accepted. GitHub records a failed delivery. */
function refuseAll(error: ConfigError, request: Request): Response {
  const requestId = crypto.randomUUID();
  createLog({ debug: false }).error("config.bad", { request_id: requestId, error: error.message });
  const message = "the gateway's configuration is invalid; the log names the keys";
  return setCommonHeaders(errorResponse({ code: "internal_error", message }, requestId), request, requestId);
}

export default {
  fetch(request, env) {
    try {
      return appFor(env).fetch(request);
    } catch (thrown) {
      if (thrown instanceof ConfigError) return refuseAll(thrown, request);
      throw thrown;
    }
  },
} satisfies ExportedHandler<Env>;
