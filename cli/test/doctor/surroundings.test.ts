import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { expect, test } from "vitest";
import { accessChecks } from "../../src/doctor/access.ts";
import { runChecks } from "../../src/doctor/check.ts";
import { hookAddressesCheck } from "../../src/doctor/github/hook-addresses.ts";
import { serve } from "../support/fake-wrangler-neighbours.ts";

/** A server with one document. */
const serveAt = (path: string, body: unknown): Promise<string> =>
  serve((request, response) => {
    response.writeHead(request.url === path ? 200 : 404, { "content-type": "application/json" });
    response.end(request.url === path ? JSON.stringify(body) : "{}");
  });

const KEYS = "/cdn-cgi/access/certs";

test.each([
  ["keys", KEYS, { keys: [{ kid: "a" }] }, "ok", "has keys"],
  ["an empty set", KEYS, { keys: [] }, "fail", "has no keys (HTTP 200)"],
  ["another site", "/", {}, "fail", "has no keys (HTTP 404)"],
])("Access with %s is found", async (_, path, body, status, what) => {
  const url = await serveAt(path, body);
  const found = await runChecks(accessChecks({ values: () => ({ ACCESS_TEAM_DOMAIN: url }) }));
  expect(found).toMatchObject([{ status, what: `${url}${KEYS} ${what}` }]);
});

test("a team's domain that cannot be reached fails, and without one nothing is checked", async () => {
  const check = (domain: string) =>
    runChecks(accessChecks({ values: () => ({ ACCESS_TEAM_DOMAIN: domain }) }));
  expect(await check("http://127.0.0.1:1")).toMatchObject([
    { status: "fail", what: expect.stringContaining("cannot be reached") },
  ]);
  expect(await check("")).toEqual([]);
});

const HOOKS = ["192.30.252.0/22", "2606:50c0::/32"];
const RULE =
  '(ends_with(http.request.uri.path, "github") and not ip.src in {192.30.252.0/22 2606:50c0::/32})';

test.each([
  ["192.30.252.0/22, 2606:50c0::/32", [{ status: "ok", what: "all 2 are GitHub's" }]],
  ["192.30.252.0/22", [{ status: "fail", what: "GitHub also delivers from 2606:50c0::/32" }]],
  [`${HOOKS.join(",")},10.0.0.0/8`, [{ status: "warn", what: "GitHub no longer delivers from 10.0.0.0/8" }]],
])("the zone's addresses %s are compared with GitHub's", async (GITHUB_HOOK_ADDRESSES, expected) => {
  const url = await serveAt("/meta", { hooks: HOOKS });
  const found = await runChecks(
    hookAddressesCheck({
      settings: { GITHUB_HOOK_ADDRESSES },
      consumerConfig: () =>
        readConsumerConfig({
          ENVIRONMENT: "development",
          GRAINCHAIN_CALLBACK_SECRET: "x",
          CLOUDFLARE_WORKER_URL: "http://localhost:8787",
          GRAINCHAIN_API_URL: "http://localhost:8080",
          GITHUB_API_URL: url,
        }),
    }),
  );
  expect(found).toMatchObject(expected);
  for (const { status, fix } of found) {
    if (status === "ok") expect(fix).toBeNull();
    else expect(fix).toBe(`set the rule to ${RULE} and GITHUB_HOOK_ADDRESSES=${HOOKS.join(",")}`);
  }
});
