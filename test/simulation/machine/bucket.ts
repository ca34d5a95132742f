/** An R2 bucket, which takes its time. */
import type { Clock } from "./clock.ts";

const CALL_MS = [20, 120] as const;

export class Bucket {
  readonly objects = new Map<string, string>();
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  async get(key: string): Promise<{ text(): Promise<string> } | null> {
    await this.#answer();
    const value = this.objects.get(key);
    return value === undefined ? null : { text: async () => value };
  }

  async put(key: string, value: string): Promise<void> {
    await this.#answer();
    this.objects.set(key, value);
  }

  async #answer(): Promise<void> {
    const [least, most] = CALL_MS;
    await this.#clock.wait(least + (most - least) * this.#random());
  }
}
