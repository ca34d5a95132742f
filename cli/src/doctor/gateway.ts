/** Does the gateway answer, and what does it report about itself? */
import { VERSION } from "@webhook-gateway/shared/version.ts";
import * as v from "valibot";
import { deployCommand, queueInfoCommand, tailCommand } from "../cloudflare/wrangler-command.ts";
import type { WorkerName } from "../project/project.ts";
import { type Check, Unchecked } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { collect, fail, named, ok, type Report, skipped, warn } from "./finding.ts";
import { getJson } from "./http.ts";

/** Beyond this, times in logs and dashboard mislead, and GitHub soon refuses the JWT of an App. */
const MAX_CLOCK_DIFFERENCE_MS = 30_000;

const health = v.object({
  status: v.picklist(["healthy", "degraded", "unhealthy"]),
  environment: v.string(),
  timestamp: v.pipe(v.string(), v.isoTimestamp()),
  checks: v.record(
    v.string(),
    v.object({
      status: v.picklist(["ok", "degraded", "failed", "unknown"]),
      detail: v.optional(v.string(), ""),
    }),
  ),
});
type Health = v.InferOutput<typeof health>;

/** The answer of a gateway that cannot work. */
const refusal = v.object({
  success: v.literal(false),
  error: v.object({ message: v.string() }),
  request_id: v.string(),
});

const root = v.object({ service: v.literal("webhook-gateway"), version: v.string() });

export const gatewayChecks = (context: CheckContext): Check[] => [
  { name: "gateway", fix: startFix(context), run: (signal) => checkHealth(context, signal) },
  { name: "gateway version", run: (signal) => checkVersion(context, signal) },
];

/** @throws Unchecked if it is not known */
function gatewayUrl({ url }: CheckContext): string {
  if (url !== undefined) return url;
  throw new Unchecked("CLOUDFLARE_WORKER_URL is still an example", "set your own, or pass --url");
}

async function checkHealth(context: CheckContext, signal: AbortSignal): Promise<Report[]> {
  const url = gatewayUrl(context);
  const sentAt = Date.now();
  const { status: httpStatus, headers, body } = await getJson(`${url}/health`, signal);
  const answeredAt = Date.now();
  const refused = v.safeParse(refusal, body);
  if (refused.success) {
    const what = `${url} answers ${httpStatus}: ${refused.output.error.message}`;
    return [fail(what, `look at ${logsOf(context)}`)];
  }
  const parsed = v.safeParse(health, body);
  if (!parsed.success) {
    const what = `${url} does not answer like a gateway (HTTP ${httpStatus})`;
    return [fail(what, "pass the gateway's address as --url")];
  }
  const { status, environment, timestamp, checks } = parsed.output;
  // The gateway wrote its answer in the middle of the request, approximately. A local gateway sends no Date.
  const theirs = Date.parse(headers.get("date") ?? timestamp);
  return collect(
    status === "healthy" ? ok(`${url} is healthy`) : warn(`${url} is ${status}`, "see below"),
    environment !== context.environment &&
      fail(`${url} is the ${environment} environment`, `pass the ${context.environment} gateway as --url`),
    Object.entries(checks).map(([name, check]) =>
      named(`gateway: ${name}`, judgeCheck(name, check, context)),
    ),
    named("clock", judgeClock((sentAt + answeredAt) / 2 - theirs)),
  );
}

function judgeCheck(
  name: string,
  { status, detail }: Health["checks"][string],
  context: CheckContext,
): Report {
  switch (status) {
    case "ok":
      return ok(detail || "ok");
    case "failed":
      return fail(detail || "failed", fixOf(name, context));
    case "degraded":
      return warn(detail || "degraded", fixOf(name, context));
    case "unknown":
      return warn(detail || "not known", null);
  }
}

/** What to do about one of the gateway's own checks. */
function fixOf(name: string, context: CheckContext): string {
  switch (name) {
    case "database":
      return `check D1's status and ${logsOf(context)}`;
    case "queue":
      return `check the status of Queues and ${queueOf(context)}`;
    case "grainchain":
      return "check Grainchain; gateway status shows what is waiting. Nothing is lost meanwhile";
    case "consumer":
      return `check that the consumer is deployed with its cron trigger, and ${logsOf(context, "consumer")}`;
    default:
      return `look at ${logsOf(context)}`;
  }
}

const LOCAL_OUTPUT = "the output of npm start";

const logsOf = ({ environment, isLocal }: CheckContext, worker: WorkerName = "producer"): string =>
  isLocal ? LOCAL_OUTPUT : `the Worker's logs: ${tailCommand(worker, environment)}`;

const queueOf = ({ isLocal, file }: CheckContext): string =>
  isLocal ? LOCAL_OUTPUT : `the queue itself: ${queueInfoCommand(file("producer").produces.join(" "))}`;

function judgeClock(differenceMs: number): Report {
  if (Number.isNaN(differenceMs)) return skipped("the gateway's Date cannot be read");
  const seconds = Math.abs(Math.round(differenceMs / 1000));
  if (Math.abs(differenceMs) <= MAX_CLOCK_DIFFERENCE_MS) return ok(`${seconds} s from the gateway's`);
  const direction = differenceMs > 0 ? "ahead of" : "behind";
  return warn(`this machine is ${seconds} s ${direction} the gateway`, "set this machine's clock (NTP)");
}

async function checkVersion(context: CheckContext, signal: AbortSignal): Promise<Report[]> {
  const { status, body } = await getJson(`${gatewayUrl(context)}/`, signal);
  const parsed = v.safeParse(root, body);
  if (!parsed.success) return [skipped(`GET / does not answer like a gateway (HTTP ${status})`)];
  const { version } = parsed.output;
  if (version === VERSION) return [ok(version)];
  return [warn(`${version} is running, but this checkout is ${VERSION}`, startFix(context))];
}

const startFix = ({ environment, isLocal }: CheckContext): string =>
  isLocal ? "npm start" : deployCommand("producer", environment);
