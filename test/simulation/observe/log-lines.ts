/** What the Workers log, counted. */

const EVENT = /"event":"([^"]+)"/;
const KEPT = 3;

export class LogLines {
  readonly counts = new Map<string, number>();
  /** The first lines of each warning and error. */
  readonly samples = new Map<string, string[]>();

  install(): void {
    for (const level of ["log", "debug", "info", "warn", "error"] as const) {
      console[level] = (line: unknown) => this.#add(level, String(line));
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
    if (samples.length < KEPT) this.samples.set(event, [...samples, line.slice(0, 300)]);
  }
}
