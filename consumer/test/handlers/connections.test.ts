/** The six connections of one cron, of which everything that it does takes its share. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { openDeadLetter } from "../support/alerts.ts";
import { freshRepository, pullRequest } from "../support/facts.ts";
import { createDouble, take } from "../support/grainchain.ts";
import { cron, deliver, EVENTS, stubGrainchain, useWorker, WORK } from "./support.ts";

useWorker();

const GITHUB = { GITHUB_TOKEN: "unused", GITHUB_API_URL: "https://github.test" };
const VARS = { ...GITHUB, ALERT_WEBHOOK_URL: "https://alerts.test/hook" };

/** Dispatches, cancels and questions for Grainchain, reports for GitHub, and an alert: all of them due. */
beforeEach(async () => {
  const pulls = Array.from({ length: 9 }, (_, index) => pullRequest(freshRepository(), index + 1));
  stubGrainchain();
  await deliver(
    EVENTS,
    pulls.map((pull) => pull("opened", "a", 1)),
  );
  await deliver(WORK, [{ v: 1, kind: "wake-up" }]);
  await deliver(
    EVENTS,
    pulls.slice(0, 4).map((pull) => pull("closed", "a", 2)),
  );
  const stale =
    "UPDATE validations SET heard_at = '2020-01-01T00:00:00.000Z', watch_from = '2020-01-01T00:00:00.000Z' WHERE finished_at IS NULL";
  await env.DB.prepare(stale).run();
  await env.DB.prepare("UPDATE reports SET status = 'due', due_at = '2020-01-01T00:00:00.000Z'").run();
  await deliver(EVENTS, [pullRequest(freshRepository())("opened", "a", 1)]);
  await openDeadLetter("fact-1", new Date().toISOString());
});

/** Answers for everybody but those who hang until all that a test waits for has come. */
function answering(hangs: readonly string[], awaited: readonly string[]) {
  const heard = new Map(awaited.map((host) => [host, Promise.withResolvers<void>()]));
  const over = Promise.all([...heard.values()].map(({ promise }) => promise));
  const grainchain = createDouble((call) =>
    call.path.endsWith("/status") ? new Response("", { status: 404 }) : take(call),
  );
  const asked: Record<string, number> = {};
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const { host } = new URL(String(input));
    asked[host] = (asked[host] ?? 0) + 1;
    if (hangs.includes(host)) await over;
    heard.get(host)?.resolve();
    if (host === "alerts.test") return new Response("ok");
    if (host === "github.test") return Response.json({ id: 1 }, { status: 201 });
    return grainchain.fetch(
      String(input).replace("http://localhost:8080/", "https://grainchain.test/"),
      init,
    );
  });
  return asked;
}

const [GRAINCHAIN, HUB, ALERTS] = ["localhost:8080", "github.test", "alerts.test"] as const;

test.each([
  ["nothing", [], [GRAINCHAIN, HUB, ALERTS]],
  ["Grainchain", [GRAINCHAIN], [HUB, ALERTS]],
  ["GitHub", [HUB], [GRAINCHAIN, ALERTS]],
  ["the alerts' receiver", [ALERTS], [GRAINCHAIN, HUB]],
  ["Grainchain and GitHub", [GRAINCHAIN, HUB], [ALERTS]],
])(
  "while %s hangs, the others are reached, and no call waits for a connection",
  async (_, hangs, awaited) => {
    const asked = answering(hangs, awaited);
    const { connections } = await cron(VARS);
    expect(Object.keys(asked).toSorted()).toEqual([ALERTS, HUB, GRAINCHAIN].toSorted());
    expect(asked[GRAINCHAIN]).toBeGreaterThan(6);
    expect(connections.wanted).toBeLessThanOrEqual(6);
  },
);
