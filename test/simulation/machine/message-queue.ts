/** A queue as Cloudflare's: batches, delays, retries, a dead-letter queue; at least once, and in no certain order. */
import type { Clock } from "./clock.ts";

/** As a Worker's configuration names them. */
export interface QueueSettings {
  readonly queue: string;
  readonly max_batch_size: number;
  /** In seconds. */
  readonly max_batch_timeout: number;
  readonly max_retries: number;
  readonly max_concurrency: number;
  /** In seconds. */
  readonly retry_delay: number;
  readonly dead_letter_queue?: string | undefined;
}

interface Stored {
  readonly id: string;
  /** JSON: what a consumer gets is a copy. */
  readonly json: string;
  readonly sentMs: number;
  attempts: number;
  /** When a batch can begin with it. */
  readyMs: number;
}

export interface BatchMessage {
  readonly id: string;
  readonly timestamp: Date;
  readonly body: unknown;
  readonly attempts: number;
  ack(): void;
  retry(options?: { readonly delaySeconds?: number }): void;
}

export interface MessageBatch {
  readonly queue: string;
  readonly messages: readonly BatchMessage[];
  ackAll(): void;
  retryAll(options?: { readonly delaySeconds?: number }): void;
}

/** `cut`: the invocation ended without an outcome, and nothing of what it said counts. */
export type BatchOutcome = "done" | "thrown" | "cut";

export interface QueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: QueueSettings;
  readonly deliver: (batch: MessageBatch) => Promise<BatchOutcome>;
  /** A message that was acknowledged, with the time that it took. */
  readonly acknowledged?: (body: unknown, sentMs: number) => void;
  /** Messages that are given up; without it, they are gone. */
  readonly dead?: MessageQueue | undefined;
}

/** After this, a message whose consumer died is delivered again. */
const LEASE_SECONDS = 30;
/** Of what was acknowledged, this share is delivered again. */
const REPEATED = 0.001;
/** A median of 60 ms (https://blog.cloudflare.com/how-we-built-cloudflare-queues/). */
const SEND_MS = [40, 80] as const;
/** From what is stored to the batch that it begins: an assumption. What is stored meanwhile is in the batch. */
const DELIVERY_MS = [50, 150] as const;

const between = ([least, most]: readonly [number, number], random: () => number): number =>
  least + (most - least) * random();

type Verdict = "ack" | { readonly delaySeconds: number };

export class MessageQueue {
  readonly counts = { sent: 0, batches: 0, retried: 0, dead: 0, dropped: 0, maxBacklog: 0, maxAttempts: 0 };
  readonly #options: QueueOptions;
  #ready: Stored[] = [];
  #first = 0;
  #delayed = 0;
  #active = 0;
  #numbers = 0;
  /** When it looks next, if nothing happens before. */
  #nextLookMs = Number.POSITIVE_INFINITY;
  /** Sending fails while this is set. */
  refuses = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Messages that are stored, and not under way. */
  get backlog(): number {
    return this.#ready.length - this.#first + this.#delayed;
  }

  async send(body: unknown, options: { readonly delaySeconds?: number } = {}): Promise<object> {
    const { clock, random } = this.#options;
    await clock.wait(between(SEND_MS, random));
    if (this.refuses) throw new Error("Queue send failed: Internal Server Error");
    this.accept(JSON.stringify(body), (options.delaySeconds ?? 0) * 1000);
    const oldest = this.#ready[this.#first]?.sentMs ?? 0;
    const metrics = { backlogCount: this.backlog, backlogBytes: 0, oldestMessageTimestamp: new Date(oldest) };
    return { metadata: { metrics } };
  }

  accept(json: string, delayMs: number): void {
    const { clock, settings } = this.#options;
    this.counts.sent++;
    const id = `${settings.queue}-${++this.#numbers}`;
    const stored = { id, json, sentMs: clock.nowMs, attempts: 1, readyMs: clock.nowMs };
    this.#release(stored, delayMs);
    this.counts.maxBacklog = Math.max(this.counts.maxBacklog, this.backlog);
  }

  #release(stored: Stored, delayMs: number): void {
    const { clock, random } = this.#options;
    if (delayMs > 0) {
      this.#delayed++;
      clock.after(delayMs, () => {
        this.#delayed--;
        this.#release(stored, 0);
      });
      return;
    }
    stored.readyMs = clock.nowMs + between(DELIVERY_MS, random);
    this.#ready.push(stored);
    this.#look();
  }

  /** Starts the batches that are full, or old enough. */
  #look(): void {
    const { clock, settings } = this.#options;
    for (;;) {
      const oldest = this.#ready[this.#first];
      if (oldest === undefined || this.#active >= settings.max_concurrency) return;
      const isFull = this.#ready.length - this.#first >= settings.max_batch_size;
      const dueMs = oldest.readyMs + settings.max_batch_timeout * 1000;
      if (!isFull && dueMs > clock.nowMs) {
        this.#lookAt(dueMs);
        return;
      }
      this.#start(this.#take(settings.max_batch_size));
    }
  }

  #lookAt(atMs: number): void {
    if (this.#nextLookMs <= atMs) return;
    this.#nextLookMs = atMs;
    this.#options.clock.at(atMs, () => {
      this.#nextLookMs = Number.POSITIVE_INFINITY;
      this.#look();
    });
  }

  /** The first ones, in an order of chance. */
  #take(most: number): Stored[] {
    const { random } = this.#options;
    const taken = this.#ready.slice(this.#first, this.#first + most);
    this.#first += taken.length;
    if (this.#first > 1000 && this.#first * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#first);
      this.#first = 0;
    }
    for (let index = taken.length - 1; index > 0; index--) {
      const other = Math.floor(random() * (index + 1));
      const [one, two] = [taken[index], taken[other]];
      if (one !== undefined && two !== undefined) [taken[index], taken[other]] = [two, one];
    }
    return taken;
  }

  #start(taken: readonly Stored[]): void {
    const { settings, deliver } = this.#options;
    this.#active++;
    this.counts.batches++;
    const verdicts = new Map<Stored, Verdict>();
    const give = (stored: Stored, verdict: Verdict) => {
      // The first one counts.
      if (!verdicts.has(stored)) verdicts.set(stored, verdict);
    };
    const retry = ({ delaySeconds = settings.retry_delay } = {}): Verdict => ({ delaySeconds });
    const batch: MessageBatch = {
      queue: settings.queue,
      messages: taken.map((stored) => ({
        id: stored.id,
        timestamp: new Date(stored.sentMs),
        body: JSON.parse(stored.json),
        attempts: stored.attempts,
        ack: () => give(stored, "ack"),
        retry: (options) => give(stored, retry(options)),
      })),
      ackAll() {
        for (const stored of taken) give(stored, "ack");
      },
      retryAll(options) {
        for (const stored of taken) give(stored, retry(options));
      },
    };
    void deliver(batch).then((outcome) => {
      this.#active--;
      for (const stored of taken) this.#settle(stored, outcome, verdicts.get(stored));
      this.#look();
    });
  }

  #settle(stored: Stored, outcome: BatchOutcome, given: Verdict | undefined): void {
    const { settings, acknowledged, random } = this.#options;
    const unsaid: Verdict = outcome === "done" ? "ack" : { delaySeconds: settings.retry_delay };
    const verdict = outcome === "cut" ? { delaySeconds: LEASE_SECONDS } : (given ?? unsaid);
    if (verdict === "ack") {
      acknowledged?.(JSON.parse(stored.json), stored.sentMs);
      if (random() < REPEATED) this.#release(stored, LEASE_SECONDS * 1000);
    } else this.#retry(stored, verdict.delaySeconds * 1000);
  }

  #retry(stored: Stored, delayMs: number): void {
    const { settings, dead } = this.#options;
    if (stored.attempts > settings.max_retries) {
      if (dead === undefined) this.counts.dropped++;
      else {
        this.counts.dead++;
        dead.accept(stored.json, 0);
      }
      return;
    }
    stored.attempts++;
    this.counts.retried++;
    this.counts.maxAttempts = Math.max(this.counts.maxAttempts, stored.attempts);
    this.#release(stored, delayMs);
  }
}
