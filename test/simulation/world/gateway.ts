/** Both Workers on the simulated platform, with their queues, their objects and their cron. */
import * as consumerEntry from "simulated-consumer";
import producer from "simulated-producer";
import type { Answer, Post } from "../machine/bodies.ts";
import type { Bucket } from "../machine/bucket.ts";
import type { Clock } from "../machine/clock.ts";
import type { Database } from "../machine/database.ts";
import { ObjectNamespace } from "../machine/durable-object.ts";
import { type MessageBatch, MessageQueue } from "../machine/message-queue.ts";
import { Platform } from "../machine/platform.ts";
import type { Configuration } from "../report/spec.ts";

const MINUTE_MS = 60_000;
/** The cron is not punctual. */
const CRON_MS = 2_000;

export interface GatewayOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly database: Database;
  readonly bucket: Bucket;
  readonly configuration: Configuration;
  readonly fetch: (url: string, init: RequestInit | undefined) => Promise<Answer>;
  readonly recorded: (body: unknown, sentMs: number) => void;
}

const CONTEXT = { waitUntil: () => {}, passThroughOnException: () => {} };

export class Gateway {
  readonly platform: Platform;
  readonly events: MessageQueue;
  readonly work: MessageQueue;
  readonly dead: MessageQueue;
  readonly #options: GatewayOptions;
  readonly #namespaces: Readonly<Record<string, ObjectNamespace>>;
  /** A Worker recognizes its isolate by its environment: a new one is a new isolate. */
  #environments: { readonly producer: object; readonly consumer: object };

  constructor(options: GatewayOptions) {
    const { clock, random, database, bucket, configuration, fetch } = options;
    this.#options = options;
    this.platform = new Platform(clock);
    const queue = (role: string, more: Partial<ConstructorParameters<typeof MessageQueue>[0]> = {}) => {
      const settings = configuration.queues.find((one) => one.queue.includes(`-${role}-`));
      if (settings === undefined) throw new Error(`there is no queue for ${role}`);
      const deliver = (batch: MessageBatch) => this.#consume(role, batch);
      return new MessageQueue({ clock, random, settings, deliver, ...more });
    };
    this.dead = queue("dead");
    this.events = queue("events", { dead: this.dead, acknowledged: options.recorded });
    this.work = queue("work");
    this.#namespaces = Object.fromEntries(
      configuration.objects.map(({ name, class_name }) => [
        name,
        new ObjectNamespace(
          clock,
          random,
          classOf(class_name),
          () => this.#environments.consumer,
          this.platform,
        ),
      ]),
    );
    const queues = { EVENTS: this.events, WORK: this.work };
    this.platform.connect({ database, bucket, fetch, queues, namespaces: this.#namespaces });
    this.#environments = this.#newEnvironments();
    this.#everyMinute();
  }

  /** Every invocation under way ends unfinished, and what isolates and objects remember is gone. */
  deploy(): void {
    this.platform.cutAll();
    this.#environments = this.#newEnvironments();
    for (const namespace of Object.values(this.#namespaces)) namespace.restart();
  }

  /** @throws if there is no answer */
  async receive(request: Request | Post): Promise<Response> {
    const outcome = await this.platform.invoke("producer", async () =>
      producer.fetch(request, this.#environments.producer, CONTEXT),
    );
    if (outcome === undefined) throw new Error("the connection was lost");
    if ("thrown" in outcome) throw outcome.thrown;
    return outcome.result;
  }

  #newEnvironments() {
    const { configuration } = this.#options;
    const names = configuration.objects.map(({ name }) => name);
    return {
      producer: this.platform.environment(configuration.producer, ["EVENTS"], names),
      consumer: this.platform.environment(configuration.consumer, ["WORK"], names),
    };
  }

  #consume(role: string, batch: MessageBatch) {
    return this.platform.outcomeOf(`consumer: ${role}`, () =>
      consumerEntry.default.queue(batch, this.#environments.consumer, CONTEXT),
    );
  }

  #everyMinute(): void {
    const { clock, random } = this.#options;
    clock.after(MINUTE_MS, () => {
      this.#everyMinute();
      const controller = { scheduledTime: clock.nowMs, cron: "* * * * *", noRetry: () => {} };
      clock.after(CRON_MS * random(), () => {
        void this.platform.invoke("consumer: cron", () =>
          consumerEntry.default.scheduled(controller, this.#environments.consumer, CONTEXT),
        );
      });
    });
  }
}

function classOf(name: string): new (state: object, env: object) => object {
  const found: unknown = Reflect.get(consumerEntry, name);
  if (typeof found !== "function") throw new Error(`the consumer has no object ${name}`);
  return found as new (
    state: object,
    env: object,
  ) => object;
}
