/** The deliveries of the organization's hook and of the App's, as GitHub's API lists them. */
import { type Answer, jsonAnswer } from "../machine/bodies.ts";
import { type Address, linkTo } from "./address.ts";
import type { Deliveries, HookName, SentDelivery } from "./deliveries.ts";

const MAX_PAGE = 100;

export class HookDeliveries {
  readonly #deliveries: Deliveries;

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries;
  }

  /** @returns undefined for what is not about hooks */
  serve(method: string, address: Address, parts: readonly string[]): Answer | undefined {
    const at = parts.indexOf("deliveries");
    if (at < 0 || !parts.includes("hooks") === !parts.includes("hook")) return undefined;
    const hook: HookName = parts[0] === "app" ? "app" : "organization";
    const id = parts[at + 1];
    if (id === undefined) return this.#list(hook, address);
    const found = this.#deliveries.sent[hook].findLast((one) => one.id === Number(id));
    if (found === undefined) return undefined;
    if (method === "POST") {
      void this.#deliveries.deliver(hook, found.occurrence);
      return jsonAnswer({}, { status: 202 });
    }
    const payload = JSON.parse(this.#deliveries.payload(found.occurrence));
    return jsonAnswer({ ...describe(found), request: { headers: {}, payload } });
  }

  /** Newest first; the cursor is the number of those that are older. */
  #list(hook: HookName, address: Address): Answer {
    const all = this.#deliveries.sent[hook];
    const given = new URLSearchParams(address.query);
    const failed = given.get("status") === "failure";
    const size = Math.min(Number(given.get("per_page") ?? 30), MAX_PAGE);
    let index = Number(given.get("cursor")?.replace("v1_", "") ?? all.length);
    const page: SentDelivery[] = [];
    while (index > 0 && page.length < size) {
      const one = all[--index];
      if (one !== undefined && !(failed && one.status < 400)) page.push(one);
    }
    const headers = index > 0 ? linkTo(address, `cursor=v1_${index}`) : {};
    return jsonAnswer(page.map(describe), { headers });
  }
}

function describe({ id, occurrence, deliveredMs, status }: SentDelivery) {
  const [event, action = null] = occurrence.template.split(".");
  const delivered_at = new Date(deliveredMs).toISOString();
  return {
    id,
    guid: occurrence.guid,
    delivered_at,
    redelivery: false,
    duration: 0.1,
    status: status < 400 ? "OK" : "Failed",
    status_code: status,
    event,
    action,
    installation_id: occurrence.repository.installation,
    repository_id: occurrence.repository.id,
  };
}
