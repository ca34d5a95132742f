import { MAX_DELIVERY_FACT_BYTES, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { routeDelivery } from "@webhook-gateway/shared/routing/routing.ts";
import { expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { jsonOf, startApp } from "../support/app.ts";
import { delivery } from "../support/delivery.ts";
import { anyDelivery, hostileDelivery } from "../support/hostile.ts";
import { push, repository } from "../support/payloads.ts";

const head = { id: "1", received_at: "2026-11-23T10:00:00.000Z" };
const openPolicy = { allowsRepository: () => true, validatesBranch: () => true };

test("routing never throws, whatever the event and the JSON", async () => {
  await fc.assert(
    fc.asyncProperty(anyDelivery, async ([event, payload]) => {
      const { kind } = await routeDelivery({ ...head, event }, payload, openPolicy);
      expect(["ignored", "invalid", "recorded"]).toContain(kind);
    }),
    { numRuns: amount(1000) },
  );
});

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).byteLength;

test("what is queued is a fact of at most 4 KiB, and what is refused is the sender's fault", async () => {
  const app = startApp({ env: { VALIDATE_PUSH_BRANCHES: "**" } });
  const seen = { queued: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(hostileDelivery, async ([event, payload]) => {
      const before = app.sent.length;
      const response = await app.fetch(await delivery(payload, { event }));
      expect([200, 202, 400]).toContain(response.status);
      const fact = app.sent.at(before);
      if (response.status === 400) {
        expect(await jsonOf(response)).toMatchObject({ error: { code: "invalid_payload" } });
        expect(fact).toBeUndefined();
        seen.refused++;
      } else if (fact !== undefined) {
        expect(bytesOf(fact)).toBeLessThanOrEqual(MAX_DELIVERY_FACT_BYTES);
        expect(parseFact(JSON.parse(JSON.stringify(fact)))).toEqual(JSON.parse(JSON.stringify(fact)));
        seen.queued++;
      }
    }),
    { numRuns: amount(1000) },
  );
  expect(seen.queued).toBeGreaterThan(50);
  expect(seen.refused).toBeGreaterThan(50);
});

test("a fact is measured in bytes, not in characters", async () => {
  const app = startApp();
  const statuses = new Set<number>();
  for (let quotes = 90; quotes <= 570; quotes += 6) {
    const payload = push({
      ref: `refs/heads/${'"'.repeat(244)}`,
      before: "e".repeat(64),
      after: "f".repeat(64),
      compare: `https://github.com/${'"'.repeat(quotes)}${"漢".repeat((579 - quotes) / 3)}`,
      sender: { login: "\u0001".repeat(100) },
      repository: repository({
        full_name: `${"o".repeat(99)}/${"w".repeat(100)}`,
        clone_url: `https://github.com/${'"'.repeat(570)}`,
      }),
    });
    const response = await app.fetch(await delivery(payload, { event: "push", id: "x".repeat(100) }));
    statuses.add(response.status);
  }
  expect([...statuses].sort()).toEqual([202, 400]);
  for (const fact of app.sent) expect(bytesOf(fact)).toBeLessThanOrEqual(MAX_DELIVERY_FACT_BYTES);
});
