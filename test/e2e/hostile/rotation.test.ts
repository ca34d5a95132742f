import { randomBytes, randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { sendDelivery } from "../../../cli/src/api/delivery.ts";
import { buildPayload } from "../../../cli/src/input/payload.ts";
import { amount } from "../../support/amount.ts";
import { waitUntil } from "../../support/patience.ts";
import { type Gateway, SECRETS, startGateway } from "../support/gateway.ts";
import { expectLabels } from "./support/labels.ts";

const OLD = SECRETS.GITHUB_WEBHOOK_SECRET;
const NEW = `new-${randomBytes(18).toString("base64url")}`;
const SENDERS = 8;
/** Deliveries in each part, in addition to those that are sent while the gateway is reconfigured. */
const EACH = amount(40, 400);
/** A sender's pause between deliveries: this is a test of changed secrets, not of load. */
const PAUSE_MS = 20;

interface Sent {
  readonly guid: string;
  readonly secret: string;
  readonly body: string;
}

/**
 * A GitHub that keeps sending while the gateway is reconfigured. Deliveries that get no connection are recorded as
 * failed, and sent again later with the same GUID and signature, like GitHub's redeliveries.
 */
class Hook {
  readonly sent: Sent[] = [];
  readonly failed: Sent[] = [];
  /** The statuses of refused deliveries. */
  readonly refusals: number[] = [];
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends a number of deliveries, some at a time, each signed with one of the secrets. */
  async send(count: number, ...secrets: readonly string[]): Promise<void> {
    let left = count;
    const sender = async (): Promise<void> => {
      while (left-- > 0) {
        const payload = buildPayload("repository.renamed", { repo: "acme/widgets", now: new Date() });
        const secret = secrets[left % secrets.length] ?? OLD;
        const one = { guid: randomUUID(), secret, body: JSON.stringify(payload) };
        this.sent.push(one);
        await this.deliver(one);
      }
    };
    await Promise.all(Array.from({ length: Math.min(SENDERS, count) }, sender));
  }

  /** Keeps sending until something is done, and a little longer. */
  async sendWhile(done: Promise<unknown>, secret: string): Promise<void> {
    let ended = false;
    const sender = async (): Promise<void> => {
      do {
        await this.send(1, secret);
        await delay(PAUSE_MS);
      } while (!ended);
      await this.send(1, secret);
    };
    const senders = Array.from({ length: SENDERS }, sender);
    await done.finally(() => {
      ended = true;
    });
    await Promise.all(senders);
  }

  async deliver(one: Sent): Promise<void> {
    try {
      const { status, answer } = await sendDelivery(this.#url, one.secret, { event: "repository", ...one });
      // Without a request id, the answer is not the gateway's: it was down.
      if (status >= 500 && !Object.hasOwn(Object(answer), "request_id")) this.failed.push(one);
      else if (status !== 202) this.refusals.push(status);
    } catch {
      this.failed.push(one);
      await delay(20);
    }
  }

  /**
   * GitHub's "Redeliver" for failed deliveries, until all of them are recorded. Also for those that were lost with a
   * local queue, which is in memory: a deployed one keeps them.
   */
  async redeliver(gateway: Gateway): Promise<number> {
    let again = 0;
    await waitUntil("everything is recorded", async () => {
      const recorded = new Set((await gateway.rows("SELECT id FROM deliveries")).map(({ id }) => id));
      const missing = this.sent.filter(({ guid }) => !recorded.has(guid));
      again += missing.length;
      for (const one of missing) await this.deliver(one);
      return missing.length === 0;
    });
    return again;
  }
}

test("changes the webhook secret under load, and refuses nothing that is signed with a valid secret", async () => {
  const gateway = await startGateway("http://127.0.0.1:1");
  const hook = new Hook(gateway.url);

  await hook.send(EACH, OLD);
  // The new secret becomes the current one and the old one the previous one, while GitHub still uses the old one.
  await hook.sendWhile(
    gateway.reconfigure({ GITHUB_WEBHOOK_SECRET: NEW, GITHUB_WEBHOOK_SECRET_PREVIOUS: OLD }),
    OLD,
  );
  // Failed deliveries are redelivered while both are valid.
  const redelivered = await hook.redeliver(gateway);

  const mixedFrom = gateway.logs().length;
  await hook.send(EACH, OLD, NEW);
  await expectLabels(gateway, "delivery.accepted", mixedFrom, { current: EACH / 2, previous: EACH / 2 });

  // GitHub's hook is changed: from here on, the labels show that nobody uses the old secret.
  const afterFrom = gateway.logs().length;
  await hook.send(EACH, NEW);
  await expectLabels(gateway, "delivery.accepted", afterFrom, { current: EACH });

  await hook.sendWhile(
    gateway.reconfigure({ GITHUB_WEBHOOK_SECRET: NEW, GITHUB_WEBHOOK_SECRET_PREVIOUS: "" }),
    NEW,
  );
  const again = await hook.redeliver(gateway);

  expect(hook.refusals).toEqual([]);
  const total = hook.sent.length;
  expect(total).toBeGreaterThan(3 * EACH);
  const rows = await gateway.rows("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM deliveries");
  expect(rows).toEqual([{ n: total, ids: total }]);
  await hook.deliver({ guid: randomUUID(), secret: OLD, body: "{}" });
  expect(hook.refusals).toEqual([401]);
  const counts = `${hook.failed.length} met no gateway, sent again ${redelivered} + ${again}`;
  writeSync(2, `rotation: ${total} deliveries, none refused, ${counts}\n`);
});
