/**
 * The connections of one invocation. Of those that wait for an answer, only six are open; the next one waits until one
 * of them has it, while its own time-out runs. The documentation counts `fetch`, queues and D1; calls of Durable Objects
 * are not mentioned, and are counted here as well.
 */

export interface ConnectionUsage {
  /** Open at once, at most. */
  open: number;
  /** Open or waiting at once, at most. Beyond the limit, something waited for something else. */
  wanted: number;
}

export class Connections {
  readonly usage: ConnectionUsage = { open: 0, wanted: 0 };
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #open = 0;
  #ended = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is under way is cut off: it never settles, as nothing of an invocation does that has ended. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Performs a call once there is a connection for it. @throws the signal's reason, also while it waits */
  use<Result>(perform: () => Promise<Result>, signal?: AbortSignal | null): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.#ended) return promise;
    let closed = false;
    const waiting = () => {
      this.#open++;
      this.usage.open = Math.max(this.usage.open, this.#open);
      begin(perform).then(
        (result) => close(() => resolve(result)),
        (thrown: unknown) => close(() => reject(thrown)),
      );
    };
    const close = (settle: () => void) => {
      if (closed) return;
      closed = true;
      signal?.removeEventListener("abort", abort);
      const index = this.#waiting.indexOf(waiting);
      if (index >= 0) this.#waiting.splice(index, 1);
      else this.#open--;
      if (this.#ended) return;
      settle();
      this.#openNext();
    };
    const abort = () => close(() => reject(signal?.reason));
    this.#waiting.push(waiting);
    this.usage.wanted = Math.max(this.usage.wanted, this.#open + this.#waiting.length);
    if (signal?.aborted) abort();
    else {
      signal?.addEventListener("abort", abort);
      this.#openNext();
    }
    return promise;
  }

  #openNext(): void {
    if (this.#open < this.#limit) this.#waiting.shift()?.();
  }
}

/** A call that throws at once is one that fails. */
const begin = async <Result>(perform: () => Promise<Result>): Promise<Result> => perform();
