/** What the gateway must keep to in its requests, whatever the double answers. */
import type { IncomingHttpHeaders } from "node:http";
import type { Call } from "./fault-policies.ts";

/** Watches the requests and notes every breach of the contract. */
export class Watch {
  readonly violations: string[] = [];
  /** The body sent under each request key. */
  readonly #bodies = new Map<string, string>();
  /** The validations sent under each key of a batch. */
  readonly #batches = new Map<string, string>();
  /** Validations of triggers that are not answered yet. */
  readonly #open = new Set<string>();
  #openCalls = 0;
  /** The most triggers that were under way at any instant. */
  maxCallsAtOnce = 0;

  violation(...problems: readonly string[]): void {
    this.violations.push(...problems);
  }

  /** What every request of the gateway carries. */
  headers(headers: IncomingHttpHeaders, hasBody: boolean): void {
    if (!/^[\w-]{8,}$/.test(String(headers["x-request-id"]))) this.violation("no X-Request-Id");
    if (headers["user-agent"] !== "webhook-gateway") this.violation("another User-Agent");
    if (hasBody && headers["content-type"] !== "application/json") this.violation("another content type");
  }

  /**
   * One key always stands for one request, and no validation is asked for twice at the same time.
   * @returns what to call once the trigger has its answer, or will get none
   */
  trigger(call: Call): () => void {
    const ids = call.requests.map((request) => request.client_request_id);
    const key = call.idempotencyKey;
    if (call.kind === "trigger" && key !== ids[0]) this.violation(`Idempotency-Key ${key} for ${ids[0]}`);
    if (call.kind === "trigger-batch") this.#sameBatch(key, ids.join("\n"));
    for (const request of call.requests)
      this.#sameRequest(request.client_request_id, JSON.stringify(request));
    const again = ids.filter((id) => this.#open.has(id));
    this.violation(...again.map((id) => `${id} is asked for while it is being asked for`));
    for (const id of ids) this.#open.add(id);
    this.maxCallsAtOnce = Math.max(this.maxCallsAtOnce, ++this.#openCalls);
    return () => {
      this.#openCalls--;
      for (const id of ids) this.#open.delete(id);
    };
  }

  #sameBatch(key: string, ids: string): void {
    if (!/^[0-9a-f]{64}$/.test(key)) this.violation(`Idempotency-Key ${key} for a batch`);
    if ((this.#batches.get(key) ?? ids) !== ids) this.violation(`the key ${key} stands for two batches`);
    this.#batches.set(key, ids);
  }

  #sameRequest(id: string, body: string): void {
    if ((this.#bodies.get(id) ?? body) !== body) this.violation(`${id} stands for two requests`);
    this.#bodies.set(id, body);
  }
}
