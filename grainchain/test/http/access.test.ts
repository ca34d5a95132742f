import { request } from "node:http";
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

/** Asks under the name of a host, which `fetch` does not let its caller choose. */
const statusFor = (port: number, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path: "/health", headers: { Host: host } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    asked.on("error", reject).end();
  });

test("answers only requests that name this machine, so that no web page reaches it by a name of its own", async () => {
  const { port } = (await startHeld()).server;
  for (const host of ["localhost", "LOCALHOST:1", `127.0.0.1:${port}`, "127.8.9.1", `[::1]:${port}`]) {
    expect(await statusFor(port, host), host).toBe(200);
  }
  for (const host of [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.1",
    "[::2]",
  ]) {
    expect(await statusFor(port, host), host).toBe(403);
  }
});

test("answers under every name once other machines may reach it", async () => {
  const { port } = (await startHeld({ allowRemote: true })).server;
  expect(await statusFor(port, "grainchain.example")).toBe(200);
});
