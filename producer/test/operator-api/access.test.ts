import { describe, expect, test, vi } from "vitest";
import { ROUTES } from "../../src/operator-api/routes.ts";
import { SECRETS, startApp } from "../support/app.ts";
import { expectRefusal } from "../support/errors.ts";
import { type AskOptions, startApi } from "./support/api.ts";

/** Bodies that are understood, so that what is refused is refused for who asks. */
const BODIES: Readonly<Record<string, unknown>> = {
  "/dead-letters/discard": { scope: { all: true }, dry_run: true },
  "/replays": { scope: { all: true }, dry_run: true },
  "/reconciles": { dry_run: true },
  "/audits": { dry_run: true },
  "/validations/rerun": { scope: { all: true }, dry_run: true },
  "/validations/cancel": { scope: { all: true }, dry_run: true },
};

const CALLS = [
  ...ROUTES.map(({ method, path, role }) => ({
    method,
    role,
    path: `/api${path.replace("{id}", "nothing-has-this-id")}${path === "/trace" ? "?q=octo/widgets%2312" : ""}`,
    ...(method === "POST" && path in BODIES ? { body: BODIES[path] } : {}),
  })),
  { method: "GET", role: "reader", path: "/api/openapi.json", body: undefined },
];

const optionsOf = (call: (typeof CALLS)[number]): AskOptions =>
  "body" in call && call.body !== undefined ? { body: call.body } : {};

describe.each(CALLS)("$method $path", (call) => {
  const { method, path, role } = call;
  const options = optionsOf(call);

  test.each([
    ["no token", null],
    ["a wrong token", "wrong"],
    ["a token that only begins right", SECRETS.OPERATOR_TOKEN.slice(0, -1)],
    ["a token that goes on", `${SECRETS.OPERATOR_TOKEN}x`],
    ["a token in another case", SECRETS.OPERATOR_TOKEN.toUpperCase()],
  ])("is refused with %s", async (_, token) => {
    const api = startApi();
    const response = await api.ask(method, path, { ...options, token });
    await expectRefusal(response, 401, "unauthorized");
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(api.sent).toEqual([]);
  });

  test.each([
    `Basic ${btoa(`operator:${SECRETS.OPERATOR_TOKEN}`)}`,
    SECRETS.OPERATOR_TOKEN,
    `Bearer${SECRETS.OPERATOR_TOKEN}`,
    "Bearer ",
    `Token ${SECRETS.OPERATOR_TOKEN}`,
  ])("is refused with the header %s", async (authorization) => {
    const response = await startApi().ask(method, path, {
      ...options,
      token: null,
      headers: { authorization },
    });
    await expectRefusal(response, 401, "unauthorized");
  });

  test("takes no token from the address", async () => {
    const joint = path.includes("?") ? "&" : "?";
    const address = `${path}${joint}token=${SECRETS.OPERATOR_TOKEN}&access_token=${SECRETS.OPERATOR_TOKEN}`;
    await expectRefusal(
      await startApi().ask(method, address, { ...options, token: null }),
      401,
      "unauthorized",
    );
  });

  test(role === "reader" ? "is open to readers" : "is closed to readers", async () => {
    const api = startApi();
    const response = await api.ask(method, path, { ...options, token: SECRETS.READER_TOKEN });
    if (role === "reader") expect([200, 404]).toContain(response.status);
    else await expectRefusal(response, 403, "forbidden");
    expect(api.sent).toEqual([]);
  });

  test("is open to operators, whatever the case of the scheme", async () => {
    const headers = { authorization: `bearer  ${SECRETS.OPERATOR_TOKEN} ` };
    const response = await startApi().ask(method, path, { ...options, token: null, headers });
    expect([200, 202, 404]).toContain(response.status);
  });

  test("asks D1 nothing before it knows who asks", async () => {
    const app = startApp();
    const init = { method, ...("body" in options ? { body: JSON.stringify(options.body) } : {}) };
    const response = await app.fetch(new Request(`https://gateway.test${path}`, init));
    expect(response.status).toBe(401);
  });
});

describe("wrong tokens", () => {
  const from = (address: string, token = "wrong") => ({
    token,
    headers: { "cf-connecting-ip": address },
  });

  test("are limited per address, which then also blocks a correct one", async () => {
    const api = startApi({ limit: 3 });
    for (let attempt = 0; attempt < 3; attempt++) {
      expect((await api.ask("GET", "/api/status", from("198.51.100.7"))).status).toBe(401);
    }
    const limited = await api.ask("GET", "/api/replays", from("198.51.100.7"));
    expect(limited.headers.get("retry-after")).toBe("60");
    await expectRefusal(limited, 429, "rate_limited");
    expect((await api.ask("GET", "/api/status", from("198.51.100.8"))).status).toBe(401);
    for (const token of [SECRETS.OPERATOR_TOKEN, SECRETS.READER_TOKEN]) {
      expect((await api.ask("GET", "/api/status", from("198.51.100.7", token))).status).toBe(429);
      expect((await api.ask("GET", "/api/status", from("198.51.100.8", token))).status).toBe(200);
    }
  });

  test("a reader's refused command does not count as a wrong token", async () => {
    const api = startApi({ limit: 0 });
    const response = await api.ask("POST", "/api/replays", {
      token: SECRETS.READER_TOKEN,
      body: { scope: { all: true } },
    });
    await expectRefusal(response, 403, "forbidden");
    expect(api.limitedKeys).toEqual([]);
  });

  test("are in no log line", async () => {
    const api = startApi();
    await api.ask("GET", "/api/status", { token: "a-mistyped-secret" });
    await api.ask("GET", "/api/status?q=a-mistyped-secret", { token: SECRETS.READER_TOKEN });
    expect(api.lines.join()).not.toContain("a-mistyped-secret");
    expect(api.lines.join()).not.toContain(SECRETS.READER_TOKEN);
  });
});

test("every token that is given is compared with every token, as digests", async () => {
  const digest = vi.spyOn(crypto.subtle, "digest");
  try {
    const digests: number[] = [];
    for (const token of ["x", SECRETS.READER_TOKEN, SECRETS.OPERATOR_TOKEN, "y".repeat(5000)]) {
      digest.mockClear();
      const env = { OPERATOR_TOKENS: '{"alice":"a","bob":"b"}', READER_TOKENS: '{"eve":"e"}' };
      await startApi({ env }).ask("GET", "/api/openapi.json", { token });
      digests.push(digest.mock.calls.length);
    }
    expect(digests).toEqual([6, 6, 6, 6]);
  } finally {
    digest.mockRestore();
  }
});
