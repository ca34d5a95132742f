/** What a log line may hold: ids, counts and states. Never a URL, a secret or the output of a step. */
export type LogFields = Record<string, string | number | boolean | undefined>;

/** Writes one event; `event` is a stable dotted name such as `validation.completed`. */
export type Log = (event: string, fields?: LogFields) => void;

/** Creates a log that passes one JSON object a line to `write`. */
export function createLog(write: (line: string) => void): Log {
  return (event, fields = {}) => {
    write(`${JSON.stringify({ event, time: new Date().toISOString(), ...fields })}\n`);
  };
}

/** Logs to standard output, and continues quietly if nobody reads it any more. */
export function createStdoutLog(): Log {
  process.stdout.on("error", () => {});
  return createLog((line) => process.stdout.write(line));
}
