/** The receiver of the alerts. */
import { answerAfter } from "../machine/answer.ts";
import { Answer } from "../machine/bodies.ts";
import type { Clock } from "../machine/clock.ts";
import type { Observer } from "./observer.ts";

export interface ReceivedAlert {
  readonly atMs: number;
  readonly condition: string;
  readonly state: string;
  readonly text: string;
}

const LATENCY_MS = 150;

export class Alerts {
  readonly received: ReceivedAlert[] = [];
  readonly #clock: Clock;
  readonly #observer: Observer;

  constructor(clock: Clock, observer: Observer) {
    this.#clock = clock;
    this.#observer = observer;
  }

  fetch(init: RequestInit | undefined): Promise<Answer> {
    return answerAfter(this.#clock, LATENCY_MS, init?.signal, () => {
      const { condition, state, text } = JSON.parse(String(init?.body)) as Omit<ReceivedAlert, "atMs">;
      this.received.push({ atMs: this.#clock.nowMs, condition, state, text });
      this.#observer.hour(this.#clock.nowMs).alerts.push(`${condition} ${state}`);
      return new Answer("ok");
    });
  }
}
