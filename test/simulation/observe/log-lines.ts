/** What the Workers log, counted. */
import type { Clock } from "../machine/clock.ts";

const EVENT = /"event":"([^"]+)"/;
const KEPT = 3;
const KEPT_CHARACTERS = 300;

export class LogLines {
  readonly counts = new Map<string, number>();
  /** The first lines of each warning and error. */
  readonly samples = new Map<string, string[]>();
  /** Errors that no fault explains. */
  readonly unexplained: string[] = [];

  /** @param explains whether a fault explains an error of that time */
  install(clock: Clock, explains: (nowMs: number) => boolean): void {
    for (const level of ["log", "debug", "info", "warn", "error"] as const) {
      console[level] = (given: unknown) => {
        const line = String(given);
        this.#add(level, line);
        if (level === "error" && !explains(clock.nowMs)) {
          const at = new Date(clock.nowMs).toISOString();
          this.unexplained.push(`${at} ${line.slice(0, KEPT_CHARACTERS)}`);
        }
      };
    }
  }

  of(event: string): number {
    return this.counts.get(event) ?? 0;
  }

  #add(level: string, line: string): void {
    const event = EVENT.exec(line)?.[1] ?? "other";
    this.counts.set(event, this.of(event) + 1);
    if (level !== "warn" && level !== "error") return;
    const samples = this.samples.get(event) ?? [];
    if (samples.length < KEPT) this.samples.set(event, [...samples, line.slice(0, KEPT_CHARACTERS)]);
  }
}
