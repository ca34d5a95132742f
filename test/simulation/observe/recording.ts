/** Which deliveries have to be recorded, which are, and after how long. */

import type { Occurrence } from "../github/subjects.ts";
import type { Clock } from "../machine/clock.ts";
import type { Fault, Spec, TemplateName } from "../report/spec.ts";
import { Histogram } from "./histogram.ts";
import { overlapOf } from "./observer.ts";

const RECORDED: readonly TemplateName[] = [
  "pull_request.opened",
  "pull_request.synchronize",
  "pull_request.ready_for_review",
  "pull_request.closed",
  "push",
];
/** After a fault, what it held up is still on its way. */
const AFTERMATH_MS = 10 * 60_000;

export class Recording {
  /** Deliveries so far, both of each event. */
  happened = 0;
  /** GUIDs that have to be in the database at the end, with the time of their event. */
  readonly expected = new Map<string, number>();
  /** Commands by pull request. Each starts another run of the head that is the newest once it arrives. */
  readonly commands = new Map<string, number>();
  readonly delays = { calm: new Histogram(), all: new Histogram() };
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #faults: readonly Fault[];
  /** GUIDs that the gateway has taken. */
  readonly accepted = new Set<string>();
  /** Those of them that are not recorded, with the time of the first answer, in its order. */
  readonly #waiting = new Map<string, number>();
  readonly #recorded = new Set<string>();

  constructor(clock: Clock, { startMs, faults }: Spec) {
    this.#clock = clock;
    this.#startMs = startMs;
    // Grainchain and GitHub do not explain why something is not recorded, nor does a burst.
    this.#faults = faults
      .filter(({ kind }) => kind === "database" || kind === "full" || kind === "deployment")
      .map((fault) => ({ ...fault, toMs: fault.toMs + AFTERMATH_MS }));
  }

  expect(occurrence: Occurrence): void {
    this.happened += 2;
    const { guid, template, text, atMs, repository, number } = occurrence;
    const isCommand = text.startsWith("/validate");
    if (isCommand || RECORDED.includes(template)) this.expected.set(guid, atMs);
    if (!isCommand) return;
    const key = pullKey(repository.fullName, number);
    this.commands.set(key, (this.commands.get(key) ?? 0) + 1);
  }

  /** A delivery was answered with 202. */
  accept(guid: string): void {
    if (this.accepted.has(guid)) return;
    this.accepted.add(guid);
    if (!this.#recorded.has(guid)) this.#waiting.set(guid, this.#clock.nowMs);
  }

  /** A message was acknowledged that had been sent then. */
  recorded(body: unknown, sentMs: number): void {
    const { kind, id } = body as { kind: string; id: string };
    if (kind !== "delivery" || this.#recorded.has(id)) return;
    this.#recorded.add(id);
    this.#waiting.delete(id);
    const nowMs = this.#clock.nowMs;
    this.delays.all.add(nowMs - sentMs);
    const explained = overlapOf(this.#faults, sentMs - this.#startMs, nowMs - this.#startMs) > 0;
    if (!explained) this.delays.calm.add(nowMs - sentMs);
  }

  /** Of what was accepted and is not recorded. */
  get oldest(): { readonly sinceMs: number | undefined; readonly count: number } {
    const [sinceMs] = this.#waiting.values();
    return { sinceMs, count: this.#waiting.size };
  }
}

export const pullKey = (repository: string, number: number): string => `${repository}#${number}`;

export const headKey = (repository: string, number: number, head: string): string =>
  `${pullKey(repository, number)}@${head}`;
