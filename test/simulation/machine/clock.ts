/** Simulated time: events happen in the order of their times, and nothing takes time but what says so. */

interface Event {
  readonly atMs: number;
  /** Events of the same time happen in the order in which they were scheduled. */
  readonly number: number;
  perform: (() => void) | undefined;
}

/** Takes an event back. */
export type Cancel = () => void;

export class Clock {
  nowMs: number;
  #events: Event[] = [];
  #scheduled = 0;
  readonly #happened = () => this.#scheduled;
  readonly #settle: (happened: () => number) => Promise<void>;

  /**
   * @param settle resolves once everything that can happen without time passing has happened; it is given how much has
   *   been scheduled so far
   */
  constructor(startMs: number, settle: (happened: () => number) => Promise<void>) {
    this.nowMs = startMs;
    this.#settle = settle;
  }

  /** Performs something after a time, in whole milliseconds. */
  after(ms: number, perform: () => void): Cancel {
    const atMs = this.nowMs + Math.max(0, Math.ceil(ms));
    const event: Event = { atMs, number: this.#scheduled++, perform };
    this.#push(event);
    return () => {
      event.perform = undefined;
    };
  }

  at(atMs: number, perform: () => void): Cancel {
    return this.after(atMs - this.nowMs, perform);
  }

  /** Resolves after a time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets everything happen that is due until a time, or until the caller has had enough. @returns whether it got there */
  async run(untilMs: number, enough: () => boolean): Promise<boolean> {
    for (;;) {
      // Settling costs more than most of what happens, and a quarter of all times have only cancelled timers.
      while (this.#events[0]?.perform === undefined && this.#events.length > 0) this.#pop();
      const atMs = this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY;
      if (atMs > untilMs) break;
      if (enough()) return false;
      this.nowMs = atMs;
      while (this.#events[0]?.atMs === atMs) this.#pop()?.perform?.();
      await this.#settle(this.#happened);
    }
    this.nowMs = untilMs;
    return true;
  }

  #push(event: Event): void {
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = events[parent];
      if (above === undefined || !isBefore(event, above)) break;
      events[index] = above;
      index = parent;
    }
    events[index] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const [first] = events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [events[left], events[left + 1]];
      const child = one !== undefined && other !== undefined && isBefore(other, one) ? left + 1 : left;
      const below = events[child];
      if (below === undefined || !isBefore(below, last)) break;
      events[index] = below;
      index = child;
    }
    events[index] = last;
    return first;
  }
}

const isBefore = (a: Event, b: Event): boolean => (a.atMs === b.atMs ? a.number < b.number : a.atMs < b.atMs);
