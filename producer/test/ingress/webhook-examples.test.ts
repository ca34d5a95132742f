import { env, exports } from "cloudflare:workers";
import definitions from "@octokit/webhooks-examples";
import { parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { isRouted } from "@webhook-gateway/shared/routing/routing.ts";
import { describe, expect, test } from "vitest";
import { refuseToSend, startApp } from "../support/app.ts";
import { delivery } from "../support/delivery.ts";

interface Example {
  readonly event: string;
  readonly action: string;
  readonly payload: unknown;
}

const described: readonly { readonly name: string; readonly examples: readonly unknown[] }[] = definitions;

const examples: readonly Example[] = described.flatMap(({ name: event, examples: payloads }) =>
  payloads.map((payload) => ({ event, action: String(Object(payload).action ?? ""), payload })),
);

/** Events with the actions that are recorded; an event without actions stands alone. */
const RECORDED = new Set([
  ..."opened synchronize reopened ready_for_review closed"
    .split(" ")
    .map((action) => `pull_request ${action}`),
  "merge_group checks_requested",
  "merge_group destroyed",
  "check_run rerequested",
  "check_suite rerequested",
  "repository renamed",
  "repository transferred",
  "repository deleted",
  "push ",
  "ping ",
]);
const isRecorded = ({ event, action }: Example): boolean =>
  RECORDED.has(`${event} ${action}`) || event.startsWith("installation");

test("there are examples of every event that is routed", () => {
  const routed = new Set(examples.map(({ event }) => event).filter(isRouted));
  expect([...routed].sort()).toEqual([
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "merge_group",
    "ping",
    "pull_request",
    "push",
    "repository",
  ]);
  expect(examples.length).toBeGreaterThan(300);
});

describe("GitHub's own examples", () => {
  test.each(examples)("$event $action %#", async (example) => {
    const { event, payload } = example;
    const app = startApp({ env: { VALIDATE_PUSH_BRANCHES: "**" } });
    const response = await app.fetch(await delivery(payload, { event }));
    const recorded = isRecorded(example);
    expect(response.status).toBe(recorded && event !== "ping" ? 202 : 200);
    expect(app.sent.map((fact) => parseFact(fact)?.kind)).toEqual(recorded ? ["delivery"] : []);
  });

  test("are refused while the queue is, and only those that are to be recorded", async () => {
    for (const example of examples) {
      const app = startApp({ env: { VALIDATE_PUSH_BRANCHES: "**" }, onSend: refuseToSend });
      const response = await app.fetch(await delivery(example.payload, { event: example.event }));
      const refused = isRecorded(example);
      expect([example.event, example.action, response.status]).toEqual([
        example.event,
        example.action,
        refused ? 503 : 200,
      ]);
      expect(response.headers.has("retry-after")).toBe(refused);
    }
  });

  test("are answered alike by the Worker itself, one an event", async () => {
    const firsts = new Map(examples.map((example) => [example.event, example]));
    for (const example of firsts.values()) {
      const secret = env.GITHUB_WEBHOOK_SECRET;
      const request = await delivery(example.payload, { event: example.event, secret });
      const response = await exports.default.fetch(request);
      expect({ event: example.event, status: response.status }).toEqual({
        event: example.event,
        status: isRecorded(example) && example.event !== "ping" ? 202 : 200,
      });
    }
  });
});
