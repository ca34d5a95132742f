/** Simulated time: events happen in the order of their times, and nothing takes time but what says so. */

interface Event {
  readonly atMs: number;
  /** Events of the same time happen in the order in which they were scheduled. */
  readonly number: number;
  perform: (() => void) | undefined;
}

/** Takes an event back. */
export type Cancel = () => void;

/** So often the caller is asked whether it has had enough: to look at the machine's time takes longer than a moment. */
const ASKED_AFTER = 64;

const LEAST_SWEPT = 1_000;

export class Clock {
  nowMs: number;
  #events: Event[] = [];
  #scheduled = 0;
  /** Of the events, so many were taken back. */
  #cancelled = 0;
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
      if (event.perform === undefined) return;
      event.perform = undefined;
      this.#cancelled++;
      this.#sweep();
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
    for (let moments = 1; ; moments++) {
      // Settling costs more than most of what happens, and a quarter of all times have only cancelled timers.
      while (this.#events[0]?.perform === undefined && this.#events.length > 0) this.#next();
      const atMs = this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY;
      if (atMs > untilMs) break;
      if (moments % ASKED_AFTER === 0 && enough()) return false;
      this.nowMs = atMs;
      while (this.#events[0]?.atMs === atMs) this.#next()?.();
      await this.#settle(this.#happened);
    }
    this.nowMs = untilMs;
    return true;
  }

  /** What the first event performs, which then can no longer be taken back. */
  #next(): (() => void) | undefined {
    const event = this.#pop();
    if (event === undefined) return undefined;
    const { perform } = event;
    if (perform === undefined) this.#cancelled--;
    event.perform = undefined;
    return perform;
  }

  /** Forgets what was taken back, if that is most of it: most timers are limits that nothing reaches. */
  #sweep(): void {
    if (this.#cancelled < LEAST_SWEPT || this.#cancelled * 2 < this.#events.length) return;
    const left = this.#events.filter(({ perform }) => perform !== undefined);
    this.#events = [];
    this.#cancelled = 0;
    for (const event of left) this.#push(event);
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
