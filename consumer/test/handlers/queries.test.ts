/** The D1 queries of one invocation, whatever the backlog. */
import { beforeEach, expect, inject, test, vi } from "vitest";
import { openDeadLetter } from "../support/alerts.ts";
import { insertBacklog } from "../support/backlog.ts";
import { count } from "../support/database.ts";
import { freshRepository } from "../support/facts.ts";
import { createDouble, take } from "../support/grainchain.ts";
import { examples } from "../support/hook-deliveries.ts";
import { cron, lines, useWorker } from "./support.ts";

useWorker();

const VARS = {
  GITHUB_APP_ID: "7",
  GITHUB_APP_PRIVATE_KEY: inject("githubDouble").privateKeyPkcs8,
  GITHUB_API_URL: "https://github.test",
  ALERT_WEBHOOK_URL: "https://alerts.test/hook",
  RECONCILE_HOOKS: "app",
};

beforeEach(() =>
  insertBacklog({
    installations: 50,
    queued: 20,
    stale: 100,
    reports: 60,
    cancels: 40,
    reactions: 25,
    oldRows: 20_000,
  }),
);

const AUDITED = Array.from({ length: 100 }, (_, index) => ({
  id: 9000 + index,
  full_name: `octo/audited-${index}`,
}));
const PULLS = Array.from({ length: 30 }, (_, index) => ({
  ...{ number: index + 1, html_url: "https://github.com/octo/audited/pull/1", state: "open" },
  updated_at: "2026-11-01T10:00:00Z",
  head: { sha: "a".repeat(40), ref: "topic", repo: null },
  base: { sha: "b".repeat(40) },
}));

/** A GitHub that takes everything, lists pull requests without a delivery, and deliveries that never arrived. */
function github() {
  const lost = examples.pullRequests(freshRepository(), 100, { ageSeconds: 600 });
  return ({ pathname }: URL): Response => {
    if (pathname.endsWith("/access_tokens")) {
      return Response.json({ token: "unused", expires_at: "2100-01-01T00:00:00Z" }, { status: 201 });
    }
    if (pathname === "/app/hook/deliveries") return Response.json(lost);
    if (pathname === "/app/installations") return Response.json([{ id: 1 }]);
    if (pathname === "/installation/repositories") return Response.json({ repositories: AUDITED });
    if (pathname.endsWith("/pulls")) return Response.json(PULLS);
    const one = lost.find(({ id }) => pathname === `/app/hook/deliveries/${id}`);
    if (one !== undefined) return Response.json({ request: { payload: one.payload } });
    return Response.json({ id: 1 }, { status: 201 });
  };
}

/** @returns the alerts that were sent */
function stubOutside(): readonly unknown[] {
  const hub = github();
  const grainchain = createDouble((call) =>
    call.path.endsWith("/status")
      ? Response.json({ status: "completed", results: { success: true } })
      : take(call),
  );
  const alerts: unknown[] = [];
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const url = new URL(String(input));
    if (url.host === "github.test") return hub(url);
    if (url.host === "alerts.test") {
      alerts.push(init?.body);
      return new Response("ok");
    }
    return grainchain.fetch(
      String(input).replace("http://localhost:8080/", "https://grainchain.test/"),
      init,
    );
  });
  return alerts;
}

test("a cron stays within its D1 queries and connections, however much is due of everything", async () => {
  await openDeadLetter("fact-1", new Date().toISOString());
  const alerts = stubOutside();
  const { queries, connections } = await cron(VARS);
  expect(lines.filter((line) => /failed|Too many/.test(line))).toEqual([]);
  expect(queries).toBeLessThanOrEqual(1000);
  expect(connections.wanted).toBeLessThanOrEqual(6);
  expect(alerts).toHaveLength(1);
  expect(await count("SELECT count(*) FROM settings WHERE name = 'seen:consumer'")).toBe(1);
}, 60_000);
