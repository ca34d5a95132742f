import { env, exports } from "cloudflare:workers";
import { createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import type { Dataset } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { describe, expect, test } from "vitest";
import worker from "../src/index.ts";
import { jsonOf, ORIGIN } from "./support/app.ts";
import { callbackBody, post, VALIDATION_ID } from "./support/callback.ts";
import { delivery, sign, streamOf } from "./support/delivery.ts";
import { expectRefusal } from "./support/errors.ts";
import { HEAD_SHA, pullRequest } from "./support/payloads.ts";
import { insertDelivery } from "./support/rows.ts";

const send = (request: Request) => exports.default.fetch(request);
const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  send(new Request(ORIGIN + path, { headers, redirect: "manual" }));
const signed = (payload: unknown, headers: Readonly<Record<string, string | null>> = {}) =>
  delivery(payload, { secret: env.GITHUB_WEBHOOK_SECRET, headers });

describe("the Worker", () => {
  test("takes a signed delivery", async () => {
    const response = await send(await signed(pullRequest("opened")));
    expect(response.status).toBe(202);
    expect(response.headers.get("x-request-id")).not.toBeNull();
    expect(await jsonOf(response)).toMatchObject({ validation_id: `35129377-pr-12-${HEAD_SHA}-1` });
  });

  test("refuses a delivery signed with another secret", async () => {
    await expectRefusal(await send(await delivery(pullRequest("opened"))), 401, "invalid_signature");
  });

  test.each([
    ["without a length", {}],
    ["with a lying length", { "content-length": "5" }],
  ])("refuses a stream of 26 MiB %s", async (_, headers) => {
    const request = new Request(`${ORIGIN}/webhook/github`, { method: "POST", headers, body: streamOf(26) });
    await expectRefusal(await send(request), 413, "payload_too_large");
  });

  test("takes a callback in each form", async () => {
    const body = JSON.stringify(callbackBody());
    const secret = env.GRAINCHAIN_CALLBACK_SECRET;
    const capability = `/callbacks/${VALIDATION_ID}/${await capabilityToken(secret, VALIDATION_ID)}`;
    for (const request of [
      post("/webhook/status", body, { "x-grainchain-signature-256": await sign(secret, body) }),
      post(capability, body),
      post(`${capability}/webhook/status`, body),
    ]) {
      expect((await send(request)).ok).toBe(true);
    }
  });

  test("keeps large results in R2", async () => {
    const results = { success: true, output: "o".repeat(50_000), marker: crypto.randomUUID() };
    const body = JSON.stringify(callbackBody({ status: "completed", results }));
    const signature = await sign(env.GRAINCHAIN_CALLBACK_SECRET, body);
    const response = await send(post("/webhook/status", body, { "x-grainchain-signature-256": signature }));
    expect(response.status).toBe(202);
    const { objects } = await env.ARCHIVE.list({ prefix: "results/val_octo_widgets_12_1/" });
    const archive = createArchive(env.ARCHIVE, { now: () => new Date() });
    const stored = await Promise.all(
      objects.map(async ({ key }) => JSON.parse((await archive?.get(key)) ?? "null")),
    );
    expect(stored).toContainEqual(results);
  });

  test("answers with its health", async () => {
    const response = await get("/health");
    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toMatchObject({ status: "healthy", environment: "development" });
  });

  test("leads browsers to the dashboard", async () => {
    expect((await get("/", { accept: "text/html" })).headers.get("location")).toContain("/dashboard");
  });

  test("answers with a project's status, without a token in development, and with 304 until it changes", async () => {
    const repository = `octo/w-${crypto.randomUUID().slice(0, 8)}`;
    const id = await insertDelivery(env.DB, { repository, received_at: "2026-11-23T10:00:00.000Z" });
    const path = `/webhook/projects/${repository.replace("/", "%2F")}/status`;
    const first = await get(path);
    expect(await jsonOf(first)).toMatchObject({ project_id: repository, last_event: { id } });
    expect((await get(path, { "if-none-match": first.headers.get("etag") ?? "" })).status).toBe(304);
  });

  test.each([
    ["GET", "/webhook/github", 405],
    ["DELETE", "/health", 405],
    ["GET", "/nothing", 404],
  ])("answers %s %s with %i", async (method, path, status) => {
    const response = await send(new Request(ORIGIN + path, { method }));
    await expectRefusal(response, status, status === 404 ? "not_found" : "method_not_allowed");
  });
});

test("counts what is accepted, and what is refused and why", async () => {
  const points: Parameters<Dataset["writeDataPoint"]>[0][] = [];
  const METRICS: Dataset = { writeDataPoint: (point) => points.push(point) };
  const bindings = { ...env, METRICS } as Env;
  const take = async (request: Request) =>
    (await worker.fetch(request as Parameters<typeof worker.fetch>[0], bindings)).status;
  expect(await take(await signed(pullRequest("opened")))).toBe(202);
  expect(await take(await signed({ action: "created" }, { "x-github-event": "star" }))).toBe(200);
  expect(await take(await delivery(pullRequest("opened")))).toBe(401);
  expect(points.map(({ blobs: [event, , outcome, secret, kind] }) => [event, outcome, secret, kind])).toEqual(
    [
      ["delivery.accepted", "", "current", "pull_request"],
      ["delivery.ignored", expect.stringMatching(/./), "current", "star"],
      ["delivery.unsigned", "", "", "pull_request"],
      ["access.refused", "invalid_signature", "", ""],
    ],
  );
});

test("past 100 failed signatures a minute an address is limited, and its signed deliveries are not", async () => {
  const address = { "cf-connecting-ip": "192.0.2.77" };
  const statuses = new Map<number, number>();
  let limited: Response | undefined;
  for (let i = 0; i < 260 && limited === undefined; i++) {
    const headers = { ...address, "x-hub-signature-256": null };
    const response = await send(await signed(pullRequest("opened"), headers));
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    if (response.status === 429) limited = response;
  }
  if (limited === undefined) throw new Error("never limited");
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  await expectRefusal(limited, 429, "rate_limited");
  expect([...statuses.keys()].sort()).toEqual([401, 429]);
  expect(statuses.get(401)).toBeGreaterThanOrEqual(100);
  expect((await send(await signed(pullRequest("opened"), address))).status).toBe(202);
  const elsewhere = { "cf-connecting-ip": "192.0.2.78", "x-hub-signature-256": null };
  expect((await send(await signed(pullRequest("opened"), elsewhere))).status).toBe(401);
});
