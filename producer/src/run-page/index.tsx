/** The pages of runs: `/runs/{validation_id}/{token}`. The token in the address is the only credential, and opens one run. */

import { callbackSecrets, type ProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { runPagePath, verifyCapability } from "@webhook-gateway/shared/domain/capability.ts";
import type { RunView } from "@webhook-gateway/shared/store/read/run-view.ts";
import { isUnavailable } from "@webhook-gateway/shared/store/unavailable.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { type Context, Hono } from "hono";
import type { AccessGuard } from "../auth/rate-limit.ts";
import { asset } from "../dashboard/assets.ts";
import { securityHeaders } from "../dashboard/headers.ts";
import { show } from "../dashboard/respond.tsx";
import type { ApiError } from "../http/api-error.ts";
import { Notice } from "./frame.tsx";
import { RunPage } from "./page.tsx";

export interface RunPagesDeps {
  readonly config: ProducerConfig;
  readonly guard: AccessGuard;
  readonly log: Log;
  readonly now: () => Date;
  /** @returns undefined if the run is gone */
  readonly load: (validationId: string, now: Date) => Promise<RunView | undefined>;
}

/** Mount it at `/runs`. */
export function createRunPages({ config, guard, log, now, load }: RunPagesDeps) {
  const app = new Hono<{ Variables: { now: Date } }>({ strict: false });
  app.onError((thrown, context) => {
    log.error("run_page.failed", { error: errorText(thrown) });
    if (!isUnavailable(thrown)) return show(context, BROKEN, 500);
    context.header("retry-after", "10");
    return show(context, AWAY, 503);
  });
  app.use(securityHeaders());
  app.use(async (context, next) => {
    context.set("now", now());
    await next();
    context.header("x-robots-tag", "noindex");
  });
  app.get("/assets/:version/:name", (context) => {
    const { version, name } = context.req.param();
    return asset(version, name) ?? show(context, NOTHING, 404);
  });
  app.get("/:id/:token", async (context) => {
    const limited = guard.refuseLimited(context.req.raw, "run");
    if (limited !== undefined) return refuse(context, limited);
    const { id, token } = context.req.param();
    if (!(await opens(config, id, token))) {
      return refuse(context, await guard.refuseUnknown(context.req.raw, "run"));
    }
    const run = await load(id, context.var.now);
    if (run === undefined) return show(context, GONE, 410);
    const pathOf = (other: string | undefined | null) =>
      typeof other === "string" ? runPagePath(config.GRAINCHAIN_CALLBACK_SECRET, other) : undefined;
    const [newerPath, reusedPath] = [await pathOf(run.newer?.id), await pathOf(run.reused_from)];
    const page = <RunPage run={run} newerPath={newerPath} reusedPath={reusedPath} />;
    return show(context, page, 200);
  });
  app.all("/:id/:token", (context) => {
    context.header("allow", "GET, HEAD");
    return show(context, READ_ONLY, 405);
  });
  app.all("*", (context) => show(context, NOTHING, 404));
  return app;
}

/** Whether the token is this run's, by any secret in force. */
async function opens(config: ProducerConfig, id: string, token: string): Promise<boolean> {
  for (const { secret } of callbackSecrets(config)) {
    if (await verifyCapability(secret, id, token, "run-page")) return true;
  }
  return false;
}

function refuse(context: Context, { code, headers }: ApiError): Response | Promise<Response> {
  for (const [name, value] of Object.entries(headers ?? {})) context.header(name, value);
  return code === "rate_limited" ? show(context, LIMITED, 429) : show(context, NOTHING, 404);
}

const NOTHING = (
  <Notice title="Page not found">
    This address opens no run. Follow the link of the commit’s check again: no part of the address may be
    missing.
  </Notice>
);
const GONE = (
  <Notice title="This run is gone">
    Runs are kept for a limited time, and this one is no longer. Its result is still at the commit on GitHub.
    For a new run, push again, or comment <code>/validate</code> on the pull request.
  </Notice>
);
const LIMITED = (
  <Notice title="Too many wrong addresses">
    Too many addresses from your network opened nothing. Try again in a minute.
  </Notice>
);
const AWAY = (
  <Notice title="Not available now" again>
    The gateway’s database does not respond. Nothing is lost: runs go on once it is back. Try again in a
    minute.
  </Notice>
);
const BROKEN = (
  <Notice title="Something went wrong">This page could not be made. Try again in a minute.</Notice>
);
const READ_ONLY = <Notice title="Method not allowed">This page can only be read.</Notice>;
