import { expect, test } from "vitest";
import type { DeliverySpec } from "../../../../test/github/client/spec.ts";
import { appCredentials, delivered, openStaging } from "../../support/fake-wrangler-neighbours.ts";

const NOISE = ["noise", "--env", "staging"];
const SETTINGS = "/organizations/acme/settings/hooks/7";
let id = 1000;

const deliveries = (event: string, action: string | null, count: number, ago = "2026-11-24") =>
  Array.from({ length: count }, (): DeliverySpec => {
    id++;
    return { ...delivered(200), id: String(id), event, action, delivered_at: `${ago}T02:00:00Z` };
  });

async function openHook(...listed: readonly (readonly DeliverySpec[])[]) {
  const hook = { kind: "org", owner: "acme", id: 7, url: "https://x.test", secret: "s" } as const;
  const staging = await openStaging({ github: { hooks: [{ ...hook, deliveries: listed.flat() }] } });
  return (...args: readonly string[]) =>
    staging.project.run([...NOISE, "--since", "2026-11-23", ...args], appCredentials());
}

test("lists what is ignored by hook, event and action, the most frequent first, and what can be turned off", async () => {
  const run = await openHook(
    deliveries("pull_request", "opened", 3),
    deliveries("pull_request", "labeled", 45),
    deliveries("star", "created", 2),
    deliveries("push", null, 52),
    deliveries("star", "created", 9, "2026-11-20"),
  );

  const { code, stdout, stderr } = await run("--output", "json");

  expect(stderr).toBe("");
  expect(code).toBe(0);
  const common = { hook: "org:acme/7", of: 102, since: "2026-11-24T02:00:00.000Z" };
  const unsubscribed = (event: string) => expect.stringContaining(`${SETTINGS}: unsubscribe from ${event}`);
  expect(JSON.parse(stdout)).toEqual({
    items: [
      { ...common, event: "push", action: null, deliveries: 52, fix: unsubscribed("push") },
      { ...common, event: "pull_request", action: "labeled", deliveries: 45, fix: null },
      { ...common, event: "star", action: "created", deliveries: 2, fix: unsubscribed("star") },
    ],
    next_cursor: null,
  });
});

test("shows a table", async () => {
  const run = await openHook(deliveries("pull_request", "opened", 1), deliveries("star", "created", 2));

  const { code, stdout } = await run();

  expect(code).toBe(0);
  expect(stdout).toMatch(/^HOOK +EVENT +ACTION +IGNORED +FIX/);
  expect(stdout).toMatch(/org:acme\/7 +star +created +2 of 3 +\S+hooks\/7: unsubscribe from star/);
});

test("says that nothing is ignored", async () => {
  const run = await openHook(deliveries("pull_request", "opened", 1));
  expect(await run()).toMatchObject({ code: 3, stdout: "", stderr: "no delivery was ignored\n" });
});

test("fails with the reason if GitHub cannot be asked", async () => {
  const { project } = await openStaging();
  const { code, stderr } = await project.run(NOISE, { GITHUB_TOKEN: "" });
  expect(code).toBe(1);
  expect(stderr).toContain("no credentials for GitHub are set here");
});
