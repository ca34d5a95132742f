import { describe, expect, test } from "vitest";
import { refuseUnsigned } from "../src/auth/rate-limit.ts";
import { ORIGIN, SECRETS, startApp } from "./support/app.ts";
import { callback, statusOf } from "./support/callback.ts";
import { delivery } from "./support/delivery.ts";
import { expectRefusal } from "./support/errors.ts";
import { pullRequest } from "./support/payloads.ts";

const from = (address: string) => ({ headers: { "cf-connecting-ip": address } });
const unsigned = (address: string) => delivery(pullRequest("opened"), { secret: "guess", ...from(address) });
const signed = (address: string) => delivery(pullRequest("opened"), from(address));

describe("failed signatures", () => {
  test("past the limit are answered 429, an address of its own each", async () => {
    const app = startApp({ limit: 2 });
    for (let i = 0; i < 2; i++) {
      await expectRefusal(await app.fetch(await unsigned("192.0.2.1")), 401, "invalid_signature");
    }
    const response = await app.fetch(await unsigned("192.0.2.1"));
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectRefusal(response, 429, "rate_limited");
    expect((await app.fetch(await unsigned("192.0.2.2"))).status).toBe(401);
  });

  test("are counted for a missing signature and an empty body as well", async () => {
    const app = startApp();
    await app.fetch(await delivery("", from("192.0.2.1")));
    const headers = { ...from("192.0.2.1").headers, "x-hub-signature-256": null };
    await app.fetch(await delivery(pullRequest("opened"), { headers }));
    expect(app.limitedKeys).toEqual(["delivery 192.0.2.1", "delivery 192.0.2.1"]);
  });

  test("without an address share one limit", async () => {
    const app = startApp({ limit: 1 });
    const request = () => delivery(pullRequest("opened"), { secret: "guess" });
    expect((await app.fetch(await request())).status).toBe(401);
    expect((await app.fetch(await request())).status).toBe(429);
  });
});

test("a signed delivery is never limited and never counted, whatever its address did", async () => {
  const app = startApp({ limit: 0 });
  expect((await app.fetch(await unsigned("192.0.2.1"))).status).toBe(429);
  for (let i = 0; i < 5; i++) expect((await app.fetch(await signed("192.0.2.1"))).status).toBe(202);
  expect(app.limitedKeys).toHaveLength(1);
});

test("a signed delivery that is refused for another reason is not counted", async () => {
  const app = startApp();
  await app.fetch(await delivery("{", from("192.0.2.1")));
  await app.fetch(await delivery("{}", from("192.0.2.1")));
  await app.fetch(await delivery("{}", { contentType: "text/plain" }));
  expect(app.limitedKeys).toEqual([]);
});

test.each(["signature", "bearer", "capability"] as const)(
  "a callback by %s is limited only where it is not authentic",
  async (form) => {
    const app = startApp({ limit: 0 });
    const refused = await app.fetch(await callback(form, undefined, "guess"));
    expect(refused.headers.get("retry-after")).not.toBeNull();
    await expectRefusal(refused, 429, "rate_limited");
    expect((await app.fetch(await callback(form))).status).toBe(statusOf(form));
    expect(app.limitedKeys).toHaveLength(1);
  },
);

test("a limiter that fails limits nothing", async () => {
  const failing = { limit: () => Promise.reject(new Error("no answer")) };
  expect(await refuseUnsigned(failing, new Request(ORIGIN), "no")).toEqual({
    code: "invalid_signature",
    message: "no",
  });
});

test("tokens of the project status are limited only where they are wrong", async () => {
  const app = startApp({ limit: 0 });
  const ask = (token: string) =>
    app.fetch(
      new Request(`${ORIGIN}/webhook/projects/malformed/status`, {
        headers: { authorization: `Bearer ${token}` },
      }),
    );
  await expectRefusal(await ask("guess"), 429, "rate_limited");
  await expectRefusal(await ask(SECRETS.READER_TOKEN), 400, "invalid_project_id");
});

test("a flood of unsigned deliveries hides no other refusal at the same address", async () => {
  const app = startApp({ limit: 1 });
  await app.fetch(await unsigned("192.0.2.1"));
  await expectRefusal(await app.fetch(await unsigned("192.0.2.1")), 429, "rate_limited");
  const ask = (path: string, method: string) =>
    app.fetch(new Request(`${ORIGIN}${path}`, { method, ...from("192.0.2.1") }));

  await expectRefusal(await ask("/webhook/status", "POST"), 401, "unauthorized");
  await expectRefusal(await ask("/api/status", "GET"), 401, "unauthorized");
});
