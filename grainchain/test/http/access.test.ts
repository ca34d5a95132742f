import { expect, test } from "vitest";
import { startHeld } from "../support/system.ts";

test("requires the key if there is one", async () => {
  const { trigger, send } = await startHeld({ apiKey: "the-key" });
  for (const headers of [{}, { Authorization: "Bearer wrong" }, { Authorization: "Basic the-key" }]) {
    expect(await trigger({}, headers)).toMatchObject({
      status: 401,
      data: { error: { code: "unauthorized" } },
    });
  }
  expect((await send("GET", "/project/acme%2Fapp")).status).toBe(401);
  expect((await trigger({}, { Authorization: "Bearer the-key" })).status).toBe(200);
});

test("refuses web pages, even with the key", async () => {
  const { trigger, send, server } = await startHeld({ apiKey: "the-key" });
  const headers = { Authorization: "Bearer the-key", Origin: "https://evil.example" };
  const refused = { status: 403, data: { success: false, error: { code: "browser_refused" } } };
  expect(await trigger({}, headers)).toMatchObject(refused);
  expect(await send("DELETE", "/some-id/cancel", undefined, headers)).toMatchObject(refused);
  expect(server.startedTotal()).toBe(0);
});
