import { describe, expect, test } from "vitest";
import { jsonOf, ORIGIN, startApp } from "./support/app.ts";
import { VALIDATION_ID } from "./support/callback.ts";
import { expectRefusal } from "./support/errors.ts";

const ask = (path: string, init: RequestInit = {}, env: Readonly<Record<string, string>> = {}) =>
  startApp({ env }).fetch(new Request(ORIGIN + path, { redirect: "manual", ...init }));

describe("GET /", () => {
  test.each([undefined, "*/*", "application/json", "text/plain"])(
    "says what this is to %s",
    async (accept) => {
      const response = await ask("/", accept === undefined ? {} : { headers: { accept } });
      expect(response.status).toBe(200);
      expect(await jsonOf(response)).toEqual({
        service: "webhook-gateway",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        status: "running",
      });
    },
  );

  test("leads a browser to the dashboard", async () => {
    const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    const response = await ask("/", { headers: { accept } });
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("/dashboard");
    expect(response.headers.get("x-request-id")).not.toBeNull();
  });
});

describe("every answer is hardened", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/health"],
    ["POST", "/webhook/github"],
    ["POST", "/webhook/status"],
    ["GET", "/webhook/projects/octo/widgets/status"],
    ["GET", "/api/status"],
    ["GET", "/dashboard"],
    ["GET", "/nothing"],
    ["DELETE", "/health"],
  ])("%s %s", async (method, path) => {
    const { headers } = await ask(path, { method });
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    expect(headers.get("server") ?? headers.get("x-powered-by")).toBeNull();
    // A page has a policy of its own; what is posted is answered to a machine.
    const policy = headers.get("content-security-policy");
    if (path === "/dashboard") expect(policy).toContain("script-src 'self'");
    else expect(policy).toBe(method === "POST" ? null : "default-src 'none'; frame-ancestors 'none'");
  });

  test("except Strict-Transport-Security if the request is not https", async () => {
    const response = await startApp({}).fetch(new Request("http://localhost:8787/health"));
    expect(response.headers.get("strict-transport-security")).toBeNull();
  });
});

describe("an unknown path", () => {
  test.each([
    "/nothing",
    "/webhook",
    "/webhook/gitlab",
    "/webhook/github/more",
    "/webhook/projects",
    "/webhook/projects/octo/widgets",
    "/webhook/projects/a/b/c/status",
    "/callbacks",
    `/callbacks/${VALIDATION_ID}`,
    `/callbacks/${VALIDATION_ID}/token/webhook`,
    `/callbacks/${VALIDATION_ID}/token/webhook/status/more`,
    "/.env",
    "/%00",
    "/%zz",
    "/../../etc/passwd",
    "//webhook/github",
  ])("%s is not found", async (path) => {
    await expectRefusal(await ask(path), 404, "not_found");
    await expectRefusal(await ask(path, { method: "POST", body: "{}" }), 404, "not_found");
  });
});

describe("another method", () => {
  const paths = [
    ["/", "GET, HEAD", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]],
    ["/health", "GET, HEAD", ["POST", "PUT", "DELETE", "OPTIONS"]],
    ["/webhook/github", "POST", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]],
    ["/webhook/status", "POST", ["GET", "PUT", "DELETE", "OPTIONS"]],
    [`/callbacks/${VALIDATION_ID}/token`, "POST", ["GET", "PUT", "DELETE"]],
    [`/callbacks/${VALIDATION_ID}/token/webhook/status`, "POST", ["GET", "PUT", "DELETE"]],
    ["/webhook/projects/octo/widgets/status", "GET, HEAD", ["POST", "PUT", "DELETE"]],
    ["/webhook/projects/octo%2Fwidgets/status", "GET, HEAD", ["POST", "PUT", "DELETE"]],
  ] as const;
  const rows = paths.flatMap(([path, allow, methods]) => methods.map((method) => ({ path, allow, method })));

  test.each(rows)("$method $path is refused", async ({ path, allow, method }) => {
    const response = await ask(path, { method });
    expect(response.headers.get("allow")).toBe(allow);
    await expectRefusal(response, 405, "method_not_allowed");
  });

  test("HEAD of a path that takes POST alone is refused without a body", async () => {
    const response = await ask("/webhook/github", { method: "HEAD" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(response.headers.get("x-request-id")).not.toBeNull();
    expect(await response.text()).toBe("");
  });

  test("HEAD answers where GET does", async () => {
    const response = await ask("/", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });
});

test("a slash at the end makes no other path", async () => {
  await expectRefusal(await ask("/webhook/status/", { method: "POST", body: "{}" }), 401, "unauthorized");
});

describe("the path for deliveries has one spelling, which a firewall can name:", () => {
  const deliver = (path: string) => ask(path, { method: "POST", body: "{}" });

  test.each(["/webhook/github", "/webhook/github?a=/webhook/x", "/webhook/github#a"])("%s", async (path) => {
    await expectRefusal(await deliver(path), 400, "missing_header");
  });

  test.each([
    "/webhook/github/",
    "/webhook/github//",
    "/webhook/github/?",
    "/webhook/%67ithub",
    "/webhook/githu%62",
    "/webhook/github%2F",
    "/webhook%2Fgithub",
    "/%77ebhook/github",
    "/webhook/GitHub",
    "/webhook/github%3Fa",
    "/webhook/github;a",
    "/webhook/%2567ithub",
  ])("not %s", async (path) => {
    await expectRefusal(await deliver(path), 404, "not_found");
  });
});

test("every request has an id of its own, whatever it asks for", async () => {
  const headers = { "x-request-id": "chosen-by-the-client" };
  const app = startApp();
  const ids = new Set<string | null>();
  for (let i = 0; i < 5; i++) {
    const response = await app.fetch(new Request(`${ORIGIN}/`, { headers }));
    ids.add(response.headers.get("x-request-id"));
  }
  expect(ids.size).toBe(5);
  expect(ids).not.toContain("chosen-by-the-client");
});

test("an internal error reveals nothing outside", async () => {
  const app = startApp({ env: { PROJECT_STATUS_PUBLIC: "true" } });
  const response = await app.fetch(new Request(`${ORIGIN}/webhook/projects/octo/widgets/status`));
  const message = await expectRefusal(response, 500, "internal_error");
  expect(message).not.toContain("D1");
  expect(JSON.parse(app.lines.at(-1) ?? "{}")).toMatchObject({
    level: "error",
    event: "request.failed",
    request_id: response.headers.get("x-request-id"),
  });
});
