/**
 * One validation as an OpenTelemetry trace, from the receipt of its delivery to the report of its end
 * (https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/). Its ids are made of the validation's id, so that a trace
 * that is sent twice is the same. Pure.
 */
import type { TracedRun } from "@webhook-gateway/shared/store/claim/traces.ts";
import { sha256Hex } from "@webhook-gateway/shared/text/hash.ts";
import { VERSION } from "@webhook-gateway/shared/version.ts";

/** In digits: 16 and 8 bytes. */
const TRACE_ID_LENGTH = 32;
const SPAN_ID_LENGTH = 16;
const SERVER = 2;
const INTERNAL = 1;
const CLIENT = 3;
const STATUS_ERROR = 2;

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly from: string;
  readonly to: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** A request for `POST /v1/traces` in JSON. */
export async function traceRequest(runs: readonly TracedRun[], environment: string): Promise<object> {
  const spans = await Promise.all(runs.map(spansOf));
  const resource = {
    "service.name": "webhook-gateway",
    "service.version": VERSION,
    "deployment.environment.name": environment,
  };
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: "webhook-gateway", version: VERSION }, spans: spans.flat() }],
      },
    ],
  };
}

async function spansOf(run: TracedRun): Promise<object[]> {
  const traceId = (await sha256Hex(run.id)).slice(0, TRACE_ID_LENGTH);
  const spanId = async (name: string) => (await sha256Hex(`${run.id} ${name}`)).slice(0, SPAN_ID_LENGTH);
  const root = rootOf(run);
  const rootId = await spanId(root.name);
  const isError = resultOf(run) === "error" || resultOf(run) === "timeout";
  return Promise.all([
    {
      ...spanOf(root),
      traceId,
      spanId: rootId,
      events: run.moves.map(({ at, state, reason }) => ({
        timeUnixNano: nanos(at),
        name: state,
        attributes: attributesOf({ reason }),
      })),
      status: isError ? { code: STATUS_ERROR, message: run.error ?? run.state } : {},
    },
    ...stagesOf(run).map(async (stage) => ({
      ...spanOf(stage),
      traceId,
      spanId: await spanId(stage.name),
      parentSpanId: rootId,
    })),
  ]);
}

/** A stage that was never reached, or whose time is not known, has no span. */
function stagesOf(run: TracedRun): Span[] {
  const { received_at, created_at, dispatched_at, finished_at, posted_at } = run;
  const stage = (
    name: string,
    kind: number,
    from: string | null,
    to: string | null,
    attributes: Span["attributes"] = {},
  ): Span[] => (from === null || to === null ? [] : [{ name, kind, from, to, attributes }]);
  return [
    ...stage("record", INTERNAL, received_at, created_at),
    ...stage("wait", INTERNAL, created_at, dispatched_at ?? finished_at),
    ...stage("validate", CLIENT, dispatched_at, finished_at, {
      "cicd.pipeline.task.name": "validate",
      "cicd.pipeline.task.type": "test",
      "cicd.pipeline.task.run.id": run.grainchain_id ?? run.id,
      "cicd.pipeline.task.run.result": resultOf(run),
    }),
    ...(finished_at !== null && posted_at !== null && posted_at >= finished_at
      ? stage("report", CLIENT, finished_at, posted_at)
      : []),
  ];
}

function rootOf(run: TracedRun): Span {
  const { received_at, created_at, finished_at, posted_at } = run;
  const times = [received_at, created_at, finished_at, posted_at].flatMap((at) => at ?? []).toSorted();
  return {
    name: "validation",
    kind: SERVER,
    from: times[0] ?? created_at,
    to: times.at(-1) ?? created_at,
    attributes: {
      "cicd.pipeline.name": "CodegenApp Validation",
      "cicd.pipeline.action.name": "RUN",
      "cicd.pipeline.run.id": run.id,
      "cicd.pipeline.result": resultOf(run),
      "vcs.provider.name": "github",
      "vcs.repository.name": run.repository,
      "vcs.ref.head.name": run.ref,
      "vcs.ref.head.revision": run.head_sha,
      ...(run.pr_number > 0 ? { "vcs.change.id": String(run.pr_number) } : {}),
      "webhook_gateway.event": run.event,
      "webhook_gateway.delivery.id": run.delivery_id,
      "webhook_gateway.run": run.run,
      "webhook_gateway.state": run.state,
      "url.full": run.pr_url,
    },
  };
}

/** The values that OpenTelemetry has for it. */
function resultOf({ state, conclusion }: TracedRun): string {
  switch (state) {
    case "completed":
      return conclusion ?? "error";
    case "cancelled":
    case "superseded":
      return "cancellation";
    case "timed_out":
      return "timeout";
    case "skipped":
      return "skip";
    default:
      return "error";
  }
}

const spanOf = ({ name, kind, from, to, attributes }: Span) => ({
  name,
  kind,
  startTimeUnixNano: nanos(from),
  // Clocks differ.
  endTimeUnixNano: nanos(to < from ? from : to),
  attributes: attributesOf(attributes),
});

/** Numbers of 64 bits are texts in OTLP's JSON. */
const nanos = (at: string): string => `${Date.parse(at)}000000`;

const attributesOf = (values: Readonly<Record<string, string | number>>): object[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
