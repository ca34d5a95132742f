import { env } from "cloudflare:workers";
import { isFinal, VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import { parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { refuseToSend } from "../../support/app.ts";
import { expectRefusal } from "../../support/errors.ts";
import { startApi } from "../support/api.ts";
import { insertReport, insertTransition, insertValidation, minute } from "../support/insert.ts";

describe.each(VALIDATION_STATES)("of a validation that is %s", (state) => {
  test(isFinal(state) ? "a cancel does nothing, and says so" : "a cancel is queued as a fact", async () => {
    const api = startApi();
    const id = await insertValidation({ state });
    const answer = await api.post(`/api/validations/${id}/cancel`, undefined, isFinal(state) ? 200 : 202);
    expect(answer).toMatchObject({ success: true, validation_id: id });
    if (isFinal(state)) {
      expect(answer.message).toBe(`the validation has already ended: ${state}`);
      expect(api.sent).toEqual([]);
      return;
    }
    expect(api.sent.map(parseFact)).toEqual([
      expect.objectContaining({ kind: "order", order: "cancel", validation_id: id }),
    ]);
  });

  test("a re-run is queued as a fact", async () => {
    const api = startApi();
    const id = await insertValidation({ state });
    expect(await api.post(`/api/validations/${id}/rerun`)).toMatchObject({
      success: true,
      validation_id: id,
    });
    expect(api.sent.map(parseFact)).toEqual([
      expect.objectContaining({ kind: "order", order: "rerun", validation_id: id }),
    ]);
  });
});

describe.each(["cancel", "rerun"])("an order to %s", (order) => {
  test("has an id of its own each time", async () => {
    const api = startApi();
    const id = await insertValidation();
    await api.post(`/api/validations/${id}/${order}`);
    await api.post(`/api/validations/${id}/${order}`);
    expect(new Set(api.sent.map((fact) => parseFact(fact)?.id)).size).toBe(2);
  });

  test("is refused if the queue does not take it", async () => {
    const api = startApi({ onSend: refuseToSend });
    const id = await insertValidation();
    const response = await api.ask("POST", `/api/validations/${id}/${order}`);
    expect(response.headers.get("retry-after")).toBe("10");
    await expectRefusal(response, 503, "queue_unavailable");
    expect(api.lines.filter((line) => line.includes("order.not-queued"))).toHaveLength(1);
  });

  test("of a validation that is not there is refused", async () => {
    const api = startApi();
    await expectRefusal(await api.ask("POST", `/api/validations/nothing/${order}`), 404, "not_found");
    expect(api.sent).toEqual([]);
  });

  test("needs no body, and ignores one", async () => {
    const api = startApi();
    const id = await insertValidation();
    const response = await api.ask("POST", `/api/validations/${id}/${order}`, { raw: "{not JSON" });
    expect(response.status).toBe(202);
  });
});

describe("one validation", () => {
  test("is returned with its timeline, its report and its results", async () => {
    const id = await insertValidation({
      state: "completed",
      conclusion: "success",
      results: JSON.stringify({ success: true, test_results: { lint: { status: "passed" } } }),
    });
    await insertTransition({ validation_id: id, delivery_id: "guid" });
    await insertTransition({ validation_id: id, from_state: "queued", to_state: "completed", at: minute(1) });
    await insertReport({
      validation_id: id,
      state: "completed",
      status: "posted",
      posted_state: "completed",
    });
    expect(await startApi().get(`/api/validations/${id}`)).toMatchObject({
      id,
      lane: "live",
      results: { success: true, test_results: { lint: { status: "passed" } } },
      timeline: [{ to_state: "queued", delivery_id: "guid" }, { to_state: "completed" }],
      report: { state: "completed", status: "posted" },
    });
  });

  test.each([
    ["no results", null],
    ["an empty object", "{}"],
    ["names that a program may trip over", '{"__proto__":{"a":1},"constructor":1,"toString":null}'],
    ["markup", '{"output":"<script>alert(1)</script>\\u0000\\ud83d"}'],
  ])("is told with %s", async (_, results) => {
    const id = await insertValidation({ state: "completed", conclusion: "failure", results });
    const answer = await startApi().get(`/api/validations/${id}`);
    expect(answer.report).toBeNull();
    expect(JSON.stringify(answer.results)).toBe(JSON.stringify(JSON.parse(results ?? "null")));
  });

  test("is found under an id with any characters", async () => {
    const id = `a/b c?d#e%f&g=h+${crypto.randomUUID()}`;
    await insertValidation({ id });
    expect(await startApi().get(`/api/validations/${encodeURIComponent(id)}`)).toMatchObject({ id });
  });
});

describe("a search for missing deliveries", () => {
  test("is stored in D1 with who asked, and the consumer is notified", async () => {
    const api = startApi({ env: { OPERATOR_TOKENS: '{"ada@example.org":"token-of-ada"}' } });
    const response = await api.ask("POST", "/api/reconciles", {
      body: { since: "2026-11-23T12:00:00+02:00", dry_run: true },
      token: "token-of-ada",
    });
    expect(response.status).toBe(202);
    const asked = await response.json<{ id: string }>();
    expect(asked).toMatchObject({
      requested_by: "operator:ada@example.org",
      since: "2026-11-23T10:00:00.000Z",
      dry_run: true,
      status: "waiting",
    });
    expect(await api.get(`/api/reconciles/${asked.id}`)).toEqual(asked);
    expect(api.sent.map(parseFact)).toEqual([expect.objectContaining({ kind: "request" })]);
  });

  test("is not lost while the queue takes nothing", async () => {
    const { id } = await startApi({ onSend: refuseToSend }).post("/api/reconciles", {});
    const row = await env.DB.prepare("SELECT status FROM reconciles WHERE id = ?1").bind(id).first();
    expect(row).toEqual({ status: "waiting" });
  });
});
