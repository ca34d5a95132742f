/** The globals that tell the time, wait, or are random: the simulation's own instead of the runtime's. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { RandomSource } from "../../support/random.ts";
import type { Cancel, Clock } from "./clock.ts";

const realSetTimeout = globalThis.setTimeout;
const RealDate = globalThis.Date;

/** The machine's own time, to measure with. */
export const realNowMs = (): number => RealDate.now();

/** A timer only fires when the event loop has run empty. It takes several times as long as all the turns below. */
const eventLoopIsEmpty = (): Promise<void> => new Promise((resolve) => void realSetTimeout(resolve, 0));
/** After so many turns of promises without a new event, no Worker has anything left to do: it took 41 at most. */
const TURNS = 64;
/** How many bodies are being read. The runtime does that by itself: turns of promises do not wait for it. */
let reading = 0;

/** Resolves once nothing is left to do. Cryptography and SQLite do not return before they have ended. */
export async function settled(happened: () => number): Promise<void> {
  let last = happened();
  for (let turn = 0; turn < TURNS; turn++) {
    await undefined;
    if (happened() !== last) turn = 0;
    last = happened();
  }
  while (reading > 0) await eventLoopIsEmpty();
}

const WHOLE = ["arrayBuffer", "json", "text"];
/** What reads a body, whole or in pieces. */
const READERS: readonly (readonly [object, readonly string[]])[] = [
  [Request.prototype, WHOLE],
  [Response.prototype, WHOLE],
  [ReadableStreamBYOBReader.prototype, ["read", "readAtLeast"]],
];

/** Notes when a body is being read. */
function watchBodies(): void {
  for (const [prototype, names] of READERS) {
    for (const name of names) {
      const read: (...args: unknown[]) => Promise<unknown> = Reflect.get(prototype, name);
      const value = function (this: unknown, ...args: unknown[]) {
        reading++;
        return Reflect.apply(read, this, args).finally(() => reading--);
      };
      Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
    }
  }
}

/** @param isCut whether what runs belongs to an invocation that was cut off: none of its timers fires any more */
export function installGlobals(clock: Clock, random: RandomSource, isCut: () => boolean): void {
  class SimulatedDate extends RealDate {
    /** @param given a time, or what else a date can be made of; missing: it is now */
    constructor(given: number | string | Date = clock.nowMs) {
      super(given);
    }

    static override now(): number {
      return clock.nowMs;
    }
  }
  watchBodies();
  // Nobody reads stack traces here, and each 304 of GitHub's, hundreds of thousands a day, is thrown as an error.
  Error.stackTraceLimit = 0;
  const timers = new Map<number, () => void>();
  let numbers = 0;
  const install = (on: object, name: string, value: unknown) =>
    Object.defineProperty(on, name, { value, writable: true, configurable: true });

  install(globalThis, "Date", SimulatedDate);
  install(globalThis, "setTimeout", (perform: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    const number = ++numbers;
    const inContext = AsyncLocalStorage.snapshot();
    const cancel = clock.after(ms, () => {
      timers.delete(number);
      inContext(() => {
        if (!isCut()) perform(...args);
      });
    });
    timers.set(number, cancel);
    return number;
  });
  install(globalThis, "clearTimeout", (number: number) => {
    timers.get(number)?.();
    timers.delete(number);
  });
  install(AbortSignal, "timeout", (ms: number) => new TimeoutSignal(clock, ms));
  install(globalThis, "scheduler", { wait: (ms: number) => clock.wait(ms) });
  install(performance, "now", () => clock.nowMs);
  install(Math, "random", random);
  install(crypto, "randomUUID", () => uuid(random));
}

/** A signal that takes no time of the simulation's unless somebody listens to it. */
class TimeoutSignal {
  readonly #clock: Clock;
  readonly #atMs: number;
  readonly #cancels = new Map<() => void, Cancel>();

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#atMs = clock.nowMs + ms;
  }

  get aborted(): boolean {
    return this.#clock.nowMs >= this.#atMs;
  }

  get reason(): DOMException {
    return new DOMException("The operation was aborted due to timeout", "TimeoutError");
  }

  addEventListener(_: "abort", listener: () => void): void {
    this.#cancels.set(listener, this.#clock.at(this.#atMs, listener));
  }

  removeEventListener(_: "abort", listener: () => void): void {
    this.#cancels.get(listener)?.();
    this.#cancels.delete(listener);
  }
}

// Nobody but the runtime can construct an AbortSignal, and what takes one may ask whether it is one.
Object.setPrototypeOf(TimeoutSignal.prototype, AbortSignal.prototype);

function uuid(random: RandomSource): string {
  const part = () => hex16(random);
  return `${part()}${part()}-${part()}-4${part().slice(1)}-a${part().slice(1)}-${part()}${part()}${part()}`;
}

const HEX16 = Array.from({ length: 2 ** 16 }, (_, number) => number.toString(16).padStart(4, "0"));

const hex16 = (random: RandomSource): string => HEX16[Math.floor(random() * 2 ** 16)] ?? "";

/** 40 hexadecimal digits. */
export const sha = (random: RandomSource): string => Array.from({ length: 10 }, () => hex16(random)).join("");
