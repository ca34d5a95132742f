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
/** Deliveries in each part, beside those that are sent while the gateway is reconfigured. */
const EACH = amount(40, 400);
/** What a sender waits then before the next one: what is asked is what a change of secrets does, not what a flood does. */
const PAUSE_MS = 20;

interface Sent {
  readonly guid: string;
  readonly secret: string;
  readonly body: string;
}

/**
 * A GitHub that goes on sending while the gateway is reconfigured. What a connection that is down refuses is noted as
 * failed, and sent again later with the same GUID and the same signature: as GitHub's redelivery does.
 */
class Hook {
  readonly sent: Sent[] = [];
  readonly failed: Sent[] = [];
  /** Answers that were no acceptance. */
  readonly refusals: number[] = [];
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends so many deliveries, some at a time, each signed with one of the secrets. */
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

  /** Goes on sending while something is done, and a little longer. */
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
      // Without a request id it is no answer of the gateway's: nobody was there.
      if (status >= 500 && !Object.hasOwn(Object(answer), "request_id")) this.failed.push(one);
      else if (status !== 202) this.refusals.push(status);
    } catch {
      this.failed.push(one);
      await delay(20);
    }
  }

  /**
   * GitHub's "Redeliver" for what has failed, until all of it is recorded. And for what a local queue, which is memory,
   * has lost with the Workers that went: a deployed one keeps it.
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

test("changes the webhook secret under load, and refuses nothing that a valid secret has signed", async () => {
  const gateway = await startGateway("http://127.0.0.1:1");
  const hook = new Hook(gateway.url);

  await hook.send(EACH, OLD);
  // The old one moves to second place, and the new one comes: while the old one signs.
  await hook.sendWhile(
    gateway.reconfigure({ GITHUB_WEBHOOK_SECRET: NEW, GITHUB_WEBHOOK_SECRET_PREVIOUS: OLD }),
    OLD,
  );
  // What failed meanwhile is redelivered while both are in force.
  const redelivered = await hook.redeliver(gateway);

  const mixedFrom = gateway.logs().length;
  await hook.send(EACH, OLD, NEW);
  await expectLabels(gateway, "delivery.accepted", mixedFrom, { current: EACH / 2, previous: EACH / 2 });

  // GitHub's hook is changed: from here on the label says that nobody uses the old one.
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
