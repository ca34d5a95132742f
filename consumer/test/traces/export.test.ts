import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { exportTraces } from "../../src/traces/export.ts";
import { count, empty } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { record, SILENT } from "../support/recording.ts";

beforeEach(empty);

const EMITS = { traces: true };

/** Received at second 0, and ended at second 45. @returns the validation's id */
async function run(success = true): Promise<string> {
  const repository = freshRepository();
  const at = (seconds: number) => ({ now: () => new Date(second(seconds)), emits: EMITS });
  const id = `${repository.id}-pr-1-${sha("a")}-1`;
  await record([pullRequest(repository, 1)("opened", "a", 1)], at(2));
  const double = createDouble((call) => take(call));
  await dispatchDue({ ...effectDeps(double, { clock: { nowMs: Date.parse(second(5)) } }), emits: EMITS });
  await record([callback(repository, id, "completed", { pr_number: 1, success })], at(45));
  return id;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events?: readonly { readonly name: string }[];
}

/** A collector, and what it got. */
function collector(status = 200) {
  const got: { readonly url: string; readonly headers: Headers; readonly spans: readonly Span[] }[] = [];
  const send = (seconds: number) =>
    exportTraces({
      db: startInvocation().database(env.DB),
      log: SILENT,
      now: () => new Date(second(seconds)),
      newId: () => crypto.randomUUID(),
      collector: { endpoint: "https://otlp.test/", headers: { "x-key": "k" }, environment: "staging" },
      fetch: async (url, init) => {
        const [{ scopeSpans }] = JSON.parse(String(init?.body)).resourceSpans;
        got.push({ url: String(url), headers: new Headers(init?.headers), spans: scopeSpans[0].spans });
        return new Response("{}", { status });
      },
    });
  return { got, send };
}

const attributeOf = (span: Span | undefined, key: string) =>
  span?.attributes.find((attribute) => attribute.key === key)?.value.stringValue;
const seconds = ({ startTimeUnixNano: from, endTimeUnixNano: to }: Span) =>
  [from, to].map((nanos) => (Number(BigInt(nanos) / 1_000_000n) - Date.parse(second(0))) / 1000);

test("exports one trace of a validation, a minute after its end", async () => {
  const id = await run();
  const { got, send } = collector();
  await send(100);
  expect(got).toEqual([]);
  await send(106);
  const [{ url, headers, spans } = { url: "", headers: new Headers(), spans: [] }] = got;
  expect(url).toBe("https://otlp.test/v1/traces");
  expect([headers.get("content-type"), headers.get("x-key")]).toEqual(["application/json", "k"]);
  expect(spans.map((span) => [span.name, ...seconds(span)])).toEqual([
    ["validation", 0, 45],
    ["record", 0, 2],
    ["wait", 2, 5],
    ["validate", 5, 45],
  ]);
  const [root, ...stages] = spans;
  expect(root?.traceId).toMatch(/^[0-9a-f]{32}$/);
  for (const span of spans) expect([span.traceId, span.spanId.length]).toEqual([root?.traceId, 16]);
  expect(new Set(stages.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([root?.spanId]));
  expect(attributeOf(root, "cicd.pipeline.run.id")).toBe(id);
  expect(attributeOf(root, "cicd.pipeline.result")).toBe("success");
  expect(attributeOf(root, "vcs.change.id")).toBe("1");
  expect(root?.events?.map(({ name }) => name)).toEqual(["queued", "dispatching", "pending", "completed"]);
  await send(300);
  expect(got).toHaveLength(1);
  expect(await count("SELECT count(*) FROM outgoing_traces")).toBe(0);
});

test.each([
  ["away", 503, 2],
  ["refusing it", 400, 1],
])(
  "a collector that is %s (%i) is asked %i times within two minutes, and the ids stay",
  async (_, status, times) => {
    await run(false);
    const { got, send } = collector(status);
    for (const at of [110, 120, 130, 175]) await send(at);
    expect(got).toHaveLength(times);
    expect(new Set(got.map(({ spans }) => spans[0]?.spanId)).size).toBe(1);
    expect(await count("SELECT count(*) FROM outgoing_traces")).toBe(times - 1);
  },
);

test("drops what no validation is left of", async () => {
  const id = await run();
  await env.DB.prepare("DELETE FROM validations WHERE id = ?1").bind(id).run();
  const { got, send } = collector();
  await send(110);
  expect(got).toEqual([]);
  expect(await count("SELECT count(*) FROM outgoing_traces")).toBe(0);
});
