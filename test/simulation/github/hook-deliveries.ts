/** The deliveries of the organization's hook and of the App's, as GitHub's API lists them. */
import { type Answer, jsonAnswer } from "../machine/bodies.ts";
import { PLACES } from "../report/spec.ts";
import type { Deliveries, HookName, SentDelivery } from "./deliveries.ts";

const MAX_PAGE = 100;

export class HookDeliveries {
  readonly #deliveries: Deliveries;

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries;
  }

  /** @returns undefined for what is not about hooks */
  serve(method: string, url: URL, parts: readonly string[]): Answer | undefined {
    const at = parts.indexOf("deliveries");
    if (at < 0 || !parts.includes("hooks") === !parts.includes("hook")) return undefined;
    const hook: HookName = parts[0] === "app" ? "app" : "organization";
    const id = parts[at + 1];
    if (id === undefined) return this.#list(hook, url);
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
  #list(hook: HookName, url: URL): Answer {
    const all = this.#deliveries.sent[hook];
    const failed = url.searchParams.get("status") === "failure";
    const size = Math.min(Number(url.searchParams.get("per_page") ?? 30), MAX_PAGE);
    let index = Number(url.searchParams.get("cursor")?.replace("v1_", "") ?? all.length);
    const page: SentDelivery[] = [];
    while (index > 0 && page.length < size) {
      const one = all[--index];
      if (one !== undefined && !(failed && one.status < 400)) page.push(one);
    }
    const next = new URL(url.pathname, PLACES.github);
    next.searchParams.set("cursor", `v1_${index}`);
    const headers = index > 0 ? { link: `<${next}>; rel="next"` } : undefined;
    return jsonAnswer(page.map(describe), headers === undefined ? {} : { headers });
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
