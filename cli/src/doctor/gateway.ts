/** Does the gateway answer, and what does it say of itself? */
import { VERSION } from "@webhook-gateway/shared/version.ts";
import * as v from "valibot";
import { wranglerCommand } from "../cloudflare/wrangler-command.ts";
import { GatewayError } from "../exit.ts";
import { configFile } from "../project/project.ts";
import { type Check, Unchecked } from "./check.ts";
import type { Place } from "./context.ts";
import { type Finding, fail, ok, skipped, warn } from "./finding.ts";
import { askHttp, type HttpAnswer } from "./http.ts";

/** Beyond this, times in the logs and the dashboard mislead, and an App's JWT is refused soon. */
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

/** A gateway that answers so cannot work, and is one all the same. */
const refusal = v.object({
  success: v.literal(false),
  error: v.object({ message: v.string() }),
  request_id: v.string(),
});

const root = v.object({ service: v.literal("webhook-gateway"), version: v.string() });

/** What to do about each of the gateway's own checks. */
function mendOf(name: string, place: Place): string {
  switch (name) {
    case "database":
      return `look at D1's status and at ${logsOf(place)}`;
    case "queue":
      return `look at the status of Queues, and at ${queueOf(place)}`;
    case "grainchain":
      return "look at Grainchain; gateway status says what waits. Nothing is lost meanwhile";
    default:
      return `look at ${logsOf(place)}`;
  }
}

const logsOf = ({ environment }: Place): string =>
  environment === "development"
    ? "what npm start prints"
    : `the Worker's logs: ${wranglerCommand(`tail -c ${configFile("producer")} --env ${environment}`)}`;

const queueOf = ({ environment, file }: Place): string =>
  environment === "development"
    ? "what npm start prints"
    : `the queue itself: ${wranglerCommand(`queues info ${file("producer").produces.join(" ")}`)}`;

export const gatewayChecks = (place: Place): Check[] => [
  { name: "gateway", run: (signal) => checkHealth(place, signal) },
  { name: "gateway version", run: (signal) => checkVersion(place, signal) },
];

/** @throws Unchecked where nobody knows where it is */
function gatewayUrl({ url }: Place): string {
  if (url !== undefined) return url;
  throw new Unchecked("CLOUDFLARE_WORKER_URL is an example still", "set your own, or give --url");
}

async function checkHealth(place: Place, signal: AbortSignal): Promise<Finding[]> {
  const url = gatewayUrl(place);
  let answer: HttpAnswer;
  try {
    answer = await askHttp(`${url}/health`, signal);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return [fail("gateway", thrown.message, startMend(place))];
  }
  const parsed = v.safeParse(health, answer.body);
  const refused = v.safeParse(refusal, answer.body);
  if (refused.success) {
    const what = `${url} answers ${answer.status}: ${refused.output.error.message}`;
    return [fail("gateway", what, `look at ${logsOf(place)}`)];
  }
  if (!parsed.success) {
    const what = `what answers at ${url} is no gateway (HTTP ${answer.status})`;
    return [fail("gateway", what, "give the gateway's own address as --url")];
  }
  const { status, environment, checks } = parsed.output;
  return [
    status === "healthy"
      ? ok("gateway", `${url} is healthy`)
      : warn("gateway", `${url} is ${status}`, "see below"),
    ...(environment === place.environment
      ? []
      : [
          fail(
            "gateway",
            `${url} is the ${environment} environment`,
            `give the ${place.environment} one as --url`,
          ),
        ]),
    ...Object.entries(checks).map(([name, check]) => judgeCheck(name, check, place)),
    judgeClock(answer, parsed.output),
  ];
}

function judgeCheck(name: string, { status, detail }: Health["checks"][string], place: Place): Finding {
  const check = `gateway: ${name}`;
  const mend = mendOf(name, place);
  switch (status) {
    case "ok":
      return ok(check, detail === "" ? "ok" : detail);
    case "failed":
      return fail(check, detail === "" ? "failed" : detail, mend);
    case "degraded":
      return warn(check, detail === "" ? "degraded" : detail, mend);
    case "unknown":
      return warn(check, detail === "" ? "not known" : detail, null);
  }
}

/** The middle of the request is when the answer was written, as far as can be told. */
function judgeClock({ headers, askedAt, answeredAt }: HttpAnswer, { timestamp }: Health): Finding {
  // A local gateway sends no Date.
  const theirs = Date.parse(headers.get("date") ?? timestamp);
  const difference = (askedAt + answeredAt) / 2 - theirs;
  if (Number.isNaN(difference)) return skipped("clock", "the gateway's Date cannot be read");
  const seconds = Math.abs(Math.round(difference / 1000));
  if (Math.abs(difference) <= MAX_CLOCK_DIFFERENCE_MS) return ok("clock", `${seconds} s from the gateway's`);
  const direction = difference > 0 ? "ahead of" : "behind";
  return warn(
    "clock",
    `this machine is ${seconds} s ${direction} the gateway`,
    "set this machine's clock (NTP)",
  );
}

async function checkVersion(place: Place, signal: AbortSignal): Promise<Finding[]> {
  const name = "gateway version";
  const { status, body } = await askHttp(`${gatewayUrl(place)}/`, signal);
  const parsed = v.safeParse(root, body);
  if (!parsed.success) return [skipped(name, `GET / answers as no gateway does (HTTP ${status})`)];
  const { version } = parsed.output;
  if (version === VERSION) return [ok(name, version)];
  return [warn(name, `${version} runs, and this checkout is ${VERSION}`, startMend(place))];
}

const startMend = ({ environment }: Place): string =>
  environment === "development"
    ? "npm start"
    : wranglerCommand(`deploy -c ${configFile("producer")} --env ${environment}`);
