/** An R2 bucket, which takes its time. */
import type { Clock } from "./clock.ts";

const CALL_MS = [20, 120] as const;

interface Stored {
  readonly value: ArrayBuffer;
  readonly options: object | undefined;
}

export class Bucket {
  readonly #objects = new Map<string, Stored>();
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  async get(key: string) {
    await this.#answer();
    const stored = this.#objects.get(key);
    return stored === undefined ? null : { ...stored.options, body: new Response(stored.value).body };
  }

  async put(key: string, value: ArrayBuffer, options?: object): Promise<void> {
    await this.#answer();
    this.#objects.set(key, { value, options });
  }

  async delete(keys: string[]): Promise<void> {
    await this.#answer();
    for (const key of keys) this.#objects.delete(key);
  }

  async #answer(): Promise<void> {
    const [least, most] = CALL_MS;
    await this.#clock.wait(least + (most - least) * this.#random());
  }
}
