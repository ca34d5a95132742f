import { env } from "cloudflare:workers";
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { readProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { actorOf } from "../src/auth/caller.ts";
import { createAccess } from "../src/auth/cloudflare-access.ts";
import { NOW, ORIGIN, SECRETS, startApp } from "./support/app.ts";

const TEAM = "https://team.cloudflareaccess.com";
const ENV = {
  ...{ ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com", ACCESS_AUD: "aud-1,aud-2" },
  ACCESS_OPERATORS: "alice@example.com,*@ops.example.com",
};

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let team: Keys;
let stranger: Keys;
beforeAll(async () => {
  team = await generateKeyPair("RS256");
  stranger = await generateKeyPair("RS256");
});

afterEach(() => {
  vi.useRealTimers();
});

interface Given {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly kid?: string;
  readonly by?: Keys;
}

const tokenOf = ({ claims = {}, kid = "key-1", by = team }: Given = {}): Promise<string> => {
  const at = Date.parse(NOW) / 1000;
  const all = { iss: TEAM, aud: ["aud-1"], email: "Alice@example.com", iat: at, exp: at + 60, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: "RS256", kid }).sign(by.privateKey);
};

/** A server of keys that a test can break or rotate. */
function startKeys() {
  const state = { kid: "key-1", up: true, asked: [] as string[] };
  const fetch = async (url: string): Promise<Response> => {
    state.asked.push(url);
    if (!state.up) return new Response("away", { status: 502 });
    return Response.json({ keys: [{ ...(await exportJWK(team.publicKey)), kid: state.kid, alg: "RS256" }] });
  };
  return { state, fetch };
}

function startAccess(now: () => Date = () => new Date(NOW)) {
  const keys = startKeys();
  const config = readProducerConfig({ ENVIRONMENT: "development", ...SECRETS, ...ENV });
  const identify = createAccess({ config, now, fetch: keys.fetch });
  const ask = async (token: string, header = "cf-access-jwt-assertion") => {
    const found = await identify(new Request(ORIGIN, { headers: { [header]: token } }));
    if (found === undefined) return undefined;
    return "error" in found ? found.error.code : actorOf(found);
  };
  return { ...keys, ask };
}

describe("the e-mail address of a token", () => {
  test.each([
    ["Alice@example.com", "operator:alice@example.com"],
    ["bob@ops.example.com", "operator:bob@ops.example.com"],
    ["bob@example.com", "reader:bob@example.com"],
    ["alice@example.com.evil.test", "reader:alice@example.com.evil.test"],
    [undefined, undefined],
    ["not an address", undefined],
  ])("%s is %s", async (email, actor) => {
    const { ask, state } = startAccess();
    expect(await ask(await tokenOf({ claims: { email } }))).toBe(actor);
    expect(state.asked).toEqual([`${TEAM}/cdn-cgi/access/certs`]);
  });

  test("is read from the cookie of a browser too, and of any of the applications", async () => {
    const token = await tokenOf({ claims: { aud: ["other", "aud-2"] } });
    const { ask } = startAccess();
    expect(await ask(`a=b; CF_Authorization=${token}`, "cookie")).toBe("operator:alice@example.com");
  });
});

describe("a token is refused", () => {
  const at = Date.parse(NOW) / 1000;
  test.each([
    ["that has expired", { claims: { exp: at - 1 } }],
    ["that never expires", { claims: { exp: undefined } }],
    ["that is not valid yet", { claims: { nbf: at + 60 } }],
    ["for another application", { claims: { aud: ["aud-3"] } }],
    ["of another team", { claims: { iss: "https://other.cloudflareaccess.com" } }],
  ] as const)("%s", async (_, given) => {
    expect(await startAccess().ask(await tokenOf(given))).toBe("unauthorized");
  });

  test("that somebody else signed", async () => {
    expect(await startAccess().ask(await tokenOf({ by: stranger }))).toBe("unauthorized");
  });

  test.each(["x", "a.b.c", `${btoa('{"alg":"none"}')}.${btoa("{}")}.`])("that is none: %s", async (token) => {
    expect(await startAccess().ask(token)).toBe("unauthorized");
  });
});

describe("the keys of a team", () => {
  test("are fetched once, and again for an unknown one, but not for each", async () => {
    const { ask, state } = startAccess();
    await ask(await tokenOf());
    await ask(await tokenOf());
    expect(state.asked).toHaveLength(1);
    for (let n = 0; n < 3; n++)
      expect(await ask(await tokenOf({ kid: `unknown-${n}` }))).toBe("unauthorized");
    expect(state.asked).toHaveLength(1);
  });

  test("may change: a new one is known after half a minute", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date(NOW) });
    const { ask, state } = startAccess();
    await ask(await tokenOf());
    state.kid = "key-2";
    const rotated = await tokenOf({ kid: "key-2" });
    expect(await ask(rotated)).toBe("unauthorized");
    vi.setSystemTime(Date.parse(NOW) + 30_000);
    expect(await ask(rotated)).toBe("operator:alice@example.com");
    expect(state.asked).toHaveLength(2);
  });

  test("let nobody in while they cannot be fetched, and are not asked for all the time", async () => {
    let nowMs = Date.parse(NOW);
    const { ask, state } = startAccess(() => new Date(nowMs));
    state.up = false;
    for (let n = 0; n < 3; n++) expect(await ask(await tokenOf())).toBe("access_unavailable");
    expect(state.asked).toHaveLength(1);
    state.up = true;
    nowMs += 5_000;
    expect(await ask(await tokenOf())).toBe("operator:alice@example.com");
  });
});

describe("the operator API behind Access", () => {
  const ask = async (init: RequestInit, fetch = startKeys().fetch) =>
    startApp({ db: env.DB, env: ENV, fetch }).fetch(
      new Request(`${ORIGIN}/api/validations/nothing/cancel`, init),
    );
  const headers = async (email: string) => ({
    "cf-access-jwt-assertion": await tokenOf({ claims: { email } }),
  });

  test.each([
    ["alice@example.com", 404],
    ["bob@example.com", 403],
  ])("takes a command of %s with %s", async (email, status) => {
    expect((await ask({ method: "POST", headers: await headers(email) })).status).toBe(status);
    const { results } = await env.DB.prepare("SELECT outcome FROM operator_actions WHERE actor LIKE ?1")
      .bind(`%:${email}`)
      .all();
    expect(results).toEqual([{ outcome: "refused" }]);
  });

  test("goes by the token of a script", async () => {
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const both = { ...(await headers("alice@example.com")), ...bearer(SECRETS.READER_TOKEN) };
    expect((await ask({ method: "POST", headers: both })).status).toBe(403);
    expect((await ask({ method: "POST", headers: { ...both, ...bearer("guess") } })).status).toBe(401);
  });

  test.each([
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.test" },
    { origin: "null" },
  ])("takes no command that another site makes a browser send: %o", async (more) => {
    const all = { ...(await headers("alice@example.com")), ...more };
    expect((await ask({ method: "POST", headers: all })).status).toBe(403);
  });

  test("answers 503 while the keys are away", async () => {
    const response = await ask({ headers: await headers("alice@example.com"), method: "POST" }, () =>
      Promise.reject(new TypeError("network")),
    );
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("10");
  });
});

test.each([
  [{ ACCESS_TEAM_DOMAIN: "https://team.cloudflareaccess.com/path", ACCESS_AUD: "a" }, "ACCESS_TEAM_DOMAIN"],
  [{ ACCESS_TEAM_DOMAIN: "http://team.cloudflareaccess.com", ACCESS_AUD: "a" }, "ACCESS_TEAM_DOMAIN"],
  [
    { ACCESS_TEAM_DOMAIN: "http://localhost:9000", ACCESS_AUD: "a", ENVIRONMENT: "staging" },
    "ACCESS_TEAM_DOMAIN",
  ],
  [{ ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com" }, "ACCESS_AUD"],
  [{ ACCESS_AUD: "a" }, "ACCESS_AUD"],
  [{ ACCESS_TEAM_DOMAIN: "http://localhost:9000", ACCESS_AUD: "a" }, undefined],
])("the configuration %o is refused for %s", (given, key) => {
  const keys = () => {
    try {
      readProducerConfig({ ENVIRONMENT: "development", ...SECRETS, ...given });
      return [];
    } catch (thrown) {
      return thrown instanceof ConfigError ? thrown.keys : [thrown];
    }
  };
  expect(keys()).toEqual(key === undefined ? [] : [key]);
});
