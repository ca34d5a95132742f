import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { describe, expect, test } from "vitest";
import { clientNetwork } from "../src/auth/client-network.ts";
import { createAccessGuard } from "../src/auth/rate-limit.ts";
import { NOW, ORIGIN, SECRETS, startApp } from "./support/app.ts";
import { callback } from "./support/callback.ts";
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

test.each([
  ["signature", 202],
  ["bearer", 429],
  ["capability", 429],
] as const)(
  "past the limit, a callback by %s is answered %i: what could be guessed is not compared",
  async (form, status) => {
    const app = startApp({ limit: 0 });
    const refused = await app.fetch(await callback(form, undefined, "guess"));
    expect(refused.headers.get("retry-after")).not.toBeNull();
    await expectRefusal(refused, 429, "rate_limited");
    expect((await app.fetch(await callback(form))).status).toBe(status);
    expect(app.limitedKeys).toHaveLength(1);
  },
);

test.each(["bearer", "capability"] as const)(
  "past the limit, a wrong signature beside a %s does not get it compared",
  async (form) => {
    const app = startApp({ limit: 0 });
    await app.fetch(await callback(form, undefined, "guess"));
    const right = await callback(form);
    right.headers.set("x-grainchain-signature-256", `sha256=${"0".repeat(64)}`);
    await expectRefusal(await app.fetch(right), 429, "rate_limited");
  },
);

test("a limiter that fails limits nothing", async () => {
  const limit = { limit: () => Promise.reject(new Error("no answer")) };
  const log = createLog({ debug: false, write: () => {} });
  const guard = createAccessGuard({ limit, log, now: () => new Date(NOW), countRefusal: () => {} });
  expect(await guard.refuseUnsigned(new Request(ORIGIN), "no")).toMatchObject({ code: "invalid_signature" });
  expect(guard.refuseLimited(new Request(ORIGIN), "delivery")).toBeUndefined();
});

test("past the limit, a token is not compared for a minute, at that address only", async () => {
  let now = NOW;
  const app = startApp({ limit: 1, now: () => new Date(now) });
  const ask = (token: string, address: string) =>
    app.fetch(
      new Request(`${ORIGIN}/webhook/projects/malformed/status`, {
        headers: { authorization: `Bearer ${token}`, "cf-connecting-ip": address },
      }),
    );
  await expectRefusal(await ask("guess", "2001:db8:0:1::1"), 401, "unauthorized");
  await expectRefusal(await ask("guess", "2001:db8:0:1::2"), 429, "rate_limited");
  await expectRefusal(await ask(SECRETS.READER_TOKEN, "2001:db8:0:1::3"), 429, "rate_limited");
  await expectRefusal(await ask(SECRETS.READER_TOKEN, "2001:db8:0:2::1"), 400, "invalid_project_id");
  now = "2026-11-23T10:01:00.001Z";
  await expectRefusal(await ask(SECRETS.READER_TOKEN, "2001:db8:0:1::3"), 400, "invalid_project_id");
  expect(app.refused).toEqual(["token", "token", "token"]);
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::6", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
])("the client %s is limited as %s", (address, network) => {
  expect(clientNetwork(new Request(ORIGIN, { headers: { "cf-connecting-ip": address } }))).toBe(network);
});

test("what is refused is logged: what was tried, and never with what", async () => {
  const app = startApp();
  await app.fetch(await unsigned("192.0.2.1"));
  await app.fetch(await callback("capability", undefined, "guess"));
  const reader = { authorization: `Bearer ${SECRETS.READER_TOKEN}` };
  const body = JSON.stringify({ scope: {} });
  await app.fetch(new Request(`${ORIGIN}/api/replays`, { method: "POST", headers: reader, body }));
  const refused = app.lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "access.refused");
  const common = { level: "warn", event: "access.refused", method: "POST" };
  expect(refused).toEqual([
    { ...common, realm: "delivery", code: "invalid_signature", area: "/webhook/github" },
    { ...common, realm: "callback", code: "unauthorized", area: "/callbacks" },
    { ...common, realm: "token", code: "forbidden", area: "/api", actor: "reader:reader" },
  ]);
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
