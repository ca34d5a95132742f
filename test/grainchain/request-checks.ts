/** The rules for the requests of the gateway, whatever the double answers. */
import type { IncomingHttpHeaders } from "node:http";
import type { Call } from "./fault-policies.ts";

/** Checks the requests and records every violation of the API. */
export class RequestChecks {
  readonly violations: string[] = [];
  /** The body sent under each request key. */
  readonly #bodies = new Map<string, string>();
  /** The validations sent under each key of a batch. */
  readonly #batches = new Map<string, string>();
  /** The validations of triggers that are not answered yet. */
  readonly #open = new Set<string>();
  #openCalls = 0;
  /** The most triggers that were in progress at any time. */
  maxCallsAtOnce = 0;

  violation(...problems: readonly string[]): void {
    this.violations.push(...problems);
  }

  /** Checks the headers that every request of the gateway has. */
  headers(headers: IncomingHttpHeaders, hasBody: boolean): void {
    if (!/^[\w-]{8,}$/.test(String(headers["x-request-id"]))) this.violation("no X-Request-Id");
    if (headers["user-agent"] !== "webhook-gateway") this.violation("another User-Agent");
    if (hasBody && headers["content-type"] !== "application/json") this.violation("another content type");
  }

  /**
   * One key always belongs to one request, and no validation is triggered twice at the same time.
   * @returns to be called once the trigger is answered, or never will be
   */
  trigger(call: Call): () => void {
    const ids = call.requests.map((request) => request.client_request_id);
    const key = call.idempotencyKey;
    if (call.kind === "trigger" && key !== ids[0]) this.violation(`Idempotency-Key ${key} for ${ids[0]}`);
    if (call.kind === "trigger-batch") this.#sameBatch(key, ids.join("\n"));
    for (const request of call.requests)
      this.#sameRequest(request.client_request_id, JSON.stringify(request));
    const again = ids.filter((id) => this.#open.has(id));
    this.violation(...again.map((id) => `${id} is triggered while another trigger for it is in progress`));
    for (const id of ids) this.#open.add(id);
    this.maxCallsAtOnce = Math.max(this.maxCallsAtOnce, ++this.#openCalls);
    return () => {
      this.#openCalls--;
      for (const id of ids) this.#open.delete(id);
    };
  }

  #sameBatch(key: string, ids: string): void {
    if (!/^[0-9a-f]{64}$/.test(key)) this.violation(`Idempotency-Key ${key} for a batch`);
    if ((this.#batches.get(key) ?? ids) !== ids) this.violation(`the key ${key} belongs to two batches`);
    this.#batches.set(key, ids);
  }

  #sameRequest(id: string, body: string): void {
    if ((this.#bodies.get(id) ?? body) !== body) this.violation(`${id} belongs to two requests`);
    this.#bodies.set(id, body);
  }
}
