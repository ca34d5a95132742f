/** Messages to the sink of events, against the published schemas. */
import { readdirSync, readFileSync } from "node:fs";
import { ArchiveUnavailable } from "@webhook-gateway/shared/archive/archive-unavailable.ts";
import { VALIDATION_STATES, type ValidationState } from "@webhook-gateway/shared/domain/validation.ts";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { cloudEvent } from "../../../consumer/src/events/cloud-event.ts";
import { codegenAppMessage } from "../../../consumer/src/events/codegenapp.ts";
import { eventResults } from "../../../consumer/src/events/event-results.ts";
import { type KnownEvent, knownEvent } from "../../../consumer/src/events/known-event.ts";

const SCHEMAS = new URL("../schemas/", import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, SCHEMAS), "utf8"));
const names = readdirSync(SCHEMAS).filter((name) => name.endsWith(".json") && name !== "cloudevents.json");

const draft7 = formats.default(new Ajv({ strict: false }));
const draft2020 = formats.default(new Ajv2020({ strict: false, schemas: names.map(read) }));
const isCloudEvent = draft7.compile(read("cloudevents.json"));
const cdEvent = (predicate: string) =>
  draft2020.getSchema(`https://cdevents.dev/0.5.1/schema/testsuiterun-${predicate}-event`);

const SOURCE = { url: "https://gateway.test", environment: "staging" };

function eventOf(fields: Partial<KnownEvent>): KnownEvent {
  const event = knownEvent({
    number: 1,
    validation_id: "7-pr-12-abc-1",
    sequence: 300,
    at: "2026-11-30T10:00:00.000Z",
    from_state: "queued",
    to_state: "running",
    conclusion: null,
    reason: "callback: running",
    attempts: 0,
    repository: "acme/widgets",
    pr_number: 12,
    pr_url: "https://github.com/acme/widgets/pull/12",
    event: "pull_request",
    ref: "topic",
    head_sha: "a".repeat(40),
    base_sha: "b".repeat(40),
    run: 1,
    delivery_id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    error: null,
    grainchain_id: "gc-1",
    results: null,
  });
  if (event === undefined) throw new Error("its validation exists");
  return { ...event, ...fields };
}

const OUTCOMES: Partial<Record<ValidationState, string>> = {
  completed: "success",
  failed: "error",
  cancelled: "cancel",
  superseded: "cancel",
  timed_out: "error",
  dead: "error",
};

describe.each(VALIDATION_STATES)("%s", (to_state) => {
  const event = eventOf({ to_state, conclusion: to_state === "completed" ? "success" : null });
  const message = cloudEvent(event, SOURCE);
  const body = JSON.parse(message.body);
  const predicate = /^dev\.cdevents\.testsuiterun\.(\w+)\.0\.3\.0$/.exec(body.type)?.[1];

  test("is a valid CloudEvent", () => {
    expect(isCloudEvent(body), JSON.stringify(isCloudEvent.errors)).toBe(true);
    expect(message).toMatchObject({ id: event.id, contentType: "application/cloudevents+json" });
    expect(body).toMatchObject({
      specversion: "1.0",
      id: "7-pr-12-abc-1-00000300",
      source: "https://gateway.test",
      subject: "7-pr-12-abc-1",
      time: "2026-11-30T10:00:00.000Z",
    });
  });

  test("is a valid CDEvent if one fits, and else has a type of its own", () => {
    if (predicate === undefined) {
      expect(body.type).toBe(`webhook-gateway.validation.${to_state}`);
      expect(body.data).toMatchObject({ state: to_state, repository: "acme/widgets" });
      return;
    }
    const validate = cdEvent(predicate);
    if (validate === undefined) throw new Error(`no schema of ${predicate}`);
    expect(validate(body.data), JSON.stringify(validate.errors)).toBe(true);
    const { context, subject, customData } = body.data;
    expect(context).toMatchObject({
      id: body.id,
      source: body.source,
      type: body.type,
      timestamp: body.time,
    });
    expect(subject.id).toBe(body.subject);
    expect(subject.content.outcome).toBe(OUTCOMES[to_state]);
    expect(customData).toMatchObject({ state: to_state, from_state: "queued", pr_number: 12 });
  });

  test("is a status that CodegenApp knows", () => {
    const { contentType, body: text } = codegenAppMessage(event, null);
    const callback = JSON.parse(text);
    expect(contentType).toBe("application/json");
    expect(callback).toMatchObject({
      validation_id: "7-pr-12-abc-1",
      project_id: "acme/widgets",
      pr_number: 12,
      pr_url: "https://github.com/acme/widgets/pull/12",
      timestamp: "2026-11-30T10:00:00.000Z",
    });
    expect(["pending", "running", "completed", "failed", "cancelled"]).toContain(callback.status);
  });
});

test.each([
  ["success", "completed", "success"],
  ["failure", "completed", "failure"],
] as const)("a %s has its outcome", (conclusion, to_state, outcome) => {
  const { body } = cloudEvent(eventOf({ conclusion, to_state }), SOURCE);
  expect(JSON.parse(body).data.subject.content.outcome).toBe(outcome);
});

test.each<[Partial<KnownEvent>, object]>([
  [
    {
      to_state: "completed",
      conclusion: "failure",
      results: '{"success":true,"sandbox_id":"s","archived":"results/7-pr-12-abc-1/c.json"}',
    },
    { status: "completed", results: { success: false, sandbox_id: "s" } },
  ],
  [
    { to_state: "dead", error: "HTTP 422", reason: "gave up" },
    { status: "failed", results: { error: "HTTP 422", failed_at: "2026-11-30T10:00:00.000Z" } },
  ],
  [{ to_state: "superseded" }, { status: "cancelled" }],
  [
    { to_state: "skipped", reason: "a draft" },
    { status: "completed", results: { success: true, reason: "a draft" } },
  ],
  [{ to_state: "completed", conclusion: "success", results: "no JSON" }, { results: { success: true } }],
])("CodegenApp is notified of %j", async (fields, expected) => {
  const event = eventOf(fields);
  const message = JSON.parse(codegenAppMessage(event, await eventResults(undefined, event)).body);
  expect(message).toMatchObject(expected);
  expect(message.results ?? {}).not.toHaveProperty("archived");
});

test.each<[string, () => Promise<string | undefined>, object]>([
  ["whole", async () => '{"success":true,"whole":true}', { whole: true }],
  [
    "as D1 has them while the archive is away",
    () => Promise.reject(new ArchiveUnavailable("away")),
    { digest: true },
  ],
])("large results are sent %s", async (_, get, expected) => {
  const archived = "results/7-pr-12-abc-1/c.json";
  const event = eventOf({ results: JSON.stringify({ digest: true, archived }) });
  expect(await eventResults({ get, put: async () => {}, delete: async () => {} }, event)).toMatchObject(
    expected,
  );
});

test("the ids of a validation's events are in their order as texts", () => {
  const ids = [9, 10, 11].map((version) => {
    const due = { ...eventOf({}), sequence: version * 100 };
    return knownEvent(due)?.id ?? "";
  });
  expect(ids.toSorted()).toEqual(ids);
});
