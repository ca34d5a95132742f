import { DurableObject } from "cloudflare:workers";
import { readAlertConfig } from "@webhook-gateway/shared/config/alert.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { observeWith } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { createSentinel, type Heartbeats } from "./sentinel.ts";

/** The sentinel as a Durable Object: there is one. It outlives the consumer's triggers, and D1's outages. */
export class Sentinel extends DurableObject<Env> implements Heartbeats {
  readonly #sentinel: ReturnType<typeof createSentinel>;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const config = readAlertConfig(env);
    this.#sentinel = createSentinel({
      storage: state.storage,
      now: () => new Date(),
      fetch: (input, init) => fetch(input, init),
      log: createLog({ debug: false, observe: observeWith(env.METRICS) }).with({ worker: "consumer" }),
      environment: config.ENVIRONMENT,
      url: config.ALERT_WEBHOOK_URL,
      secret: config.ALERT_WEBHOOK_SECRET,
    });
  }

  heard(): Promise<void> {
    return this.#sentinel.heard();
  }

  answered(databaseBytes: number): Promise<void> {
    return this.#sentinel.answered(databaseBytes);
  }

  override alarm(): Promise<void> {
    return this.#sentinel.check();
  }
}
