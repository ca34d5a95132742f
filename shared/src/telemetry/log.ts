/** Values a log line may hold. Payloads, headers, tokens and URLs with a capability are never among them. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A logger with some fields bound. One JSON object a line; `event` is a stable name such as `delivery.accepted`. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Log;
}

type Level = "debug" | "info" | "warn" | "error";
type Write = (level: Level, line: string) => void;

const writeToConsole: Write = (level, line) => console[level === "debug" ? "log" : level](line);

export interface LogOptions {
  /** Whether debug lines are written (`WEBHOOK_DEBUG_MODE`). */
  readonly debug: boolean;
  readonly write?: Write;
  /** Receives every line except debug lines. */
  readonly observe?: ((level: string, event: string, fields: LogFields) => void) | undefined;
}

/** Writes one JSON object a line. */
export const createLog = (options: LogOptions, bound: LogFields = {}): Log => new LineLog(options, bound);

/** A class, so that binding fields, as each delivery does several times, creates no functions. */
class LineLog implements Log {
  readonly #options: LogOptions;
  readonly #bound: LogFields;

  constructor(options: LogOptions, bound: LogFields) {
    this.#options = options;
    this.#bound = bound;
  }

  debug(event: string, fields?: LogFields): void {
    if (this.#options.debug) this.#line("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#line("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#line("warn", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#line("error", event, fields);
  }

  with(fields: LogFields): Log {
    return new LineLog(this.#options, { ...this.#bound, ...fields });
  }

  #line(level: Level, event: string, fields: LogFields | undefined): void {
    const { write = writeToConsole, observe } = this.#options;
    const all = { ...this.#bound, ...fields };
    write(level, JSON.stringify({ level, event, ...all }));
    if (level !== "debug") observe?.(level, event, all);
  }
}

/**
 * The text to log for something thrown: its name and message, cut to 500 characters. Never its cause or stack, which can
 * hold the values that it failed on.
 */
export function errorText(thrown: unknown): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : "unknown error";
  return text.slice(0, 500);
}
