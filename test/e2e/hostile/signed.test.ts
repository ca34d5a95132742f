import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SECRETS } from "../support/gateway.ts";
import { type Attack, freshClient, hmac } from "./support/attack.ts";
import { budget, Tally, together } from "./support/budget.ts";
import { anyPayload, type SignedPayload } from "./support/payloads.ts";
import { expectHealthy, shareTarget } from "./support/target.ts";

const target = shareTarget(new Tally("signed payloads"));
/** The ids of deliveries that the gateway said it has recorded. */
const recorded = new Set<string>();

function deliveryOf({ event, body }: SignedPayload, id: string): Attack {
  const headers = {
    "content-type": "application/json",
    "x-github-event": event,
    "x-github-delivery": id,
    "x-hub-signature-256": `sha256=${hmac(SECRETS.GITHUB_WEBHOOK_SECRET, body)}`,
    "cf-connecting-ip": freshClient(),
  };
  return { method: "POST", path: "/webhook/github", headers, body: Buffer.from(body) };
}

async function deliver(payload: SignedPayload): Promise<void> {
  const id = randomUUID();
  const { status, text } = await target().attack(deliveryOf(payload, id), [200, 202, 400]);
  if (status === 202 || text.includes("pong")) recorded.add(id);
}

test("answers signed payloads of GitHub with hostile changes", async () => {
  await fc.assert(
    fc.asyncProperty(together(anyPayload), async (payloads) => {
      await Promise.all(payloads.map(deliver));
    }),
    budget(2),
  );
  expect(recorded.size).toBeGreaterThan(0);
});

test("has recorded each of them, or shows it as a dead letter, and still works", async () => {
  await expectHealthy(target(), recorded);
  const deadLetters = await target().gateway.rows(
    "SELECT id, class, error FROM dead_letters WHERE kind = 'fact'",
  );
  expect(deadLetters).toEqual([]);
});

test("shows operators and readers what happened to them", async () => {
  const paths = ["/api/deliveries", "/api/validations", "/api/status", "/api/metrics", "/api/dead-letters"];
  const [one] = await target().gateway.rows("SELECT id FROM validations LIMIT 1");
  const ids = [...recorded].slice(0, 20).map((id) => `/api/trace?q=${id}`);
  for (const path of [...paths, ...ids, `/api/validations/${one?.id}`, `/api/trace?q=${one?.id}`]) {
    const headers = { authorization: `Bearer ${SECRETS.READER_TOKEN}` };
    await target().attack({ method: "GET", path, headers, body: Buffer.alloc(0) }, [200]);
  }
  for (const path of ["/dashboard", "/dashboard/deliveries", "/dashboard/validations"]) {
    const headers = { authorization: `Basic ${btoa(`ada:${SECRETS.READER_TOKEN}`)}` };
    await target().attack({ method: "GET", path, headers, body: Buffer.alloc(0) }, [200]);
  }
});
