import * as v from "valibot";

export interface ConfigProblem {
  readonly key: string;
  /** What is wrong with its value. The value itself is never shown. */
  readonly problem: string;
}

/** The environment holds something that cannot be used. The message names the keys and never a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(`bad configuration: ${problems.map(({ key, problem }) => `${key} (${problem})`).join(", ")}`);
    this.problems = problems;
  }

  get keys(): string[] {
    return this.problems.map(({ key }) => key);
  }
}

/**
 * Parses the raw environment of a Worker.
 * @throws ConfigError
 */
export function readConfig<Schema extends v.GenericSchema>(
  schema: Schema,
  env: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, env, { abortPipeEarly: true });
  if (parsed.success) return parsed.output;
  throw new ConfigError(
    parsed.issues.map((issue) => {
      // Not the whole path: what is below a key is part of its value.
      const key = String(issue.path?.[0]?.key ?? "environment");
      const absent = issue.input === undefined || issue.input === "";
      return { key, problem: absent ? "missing" : problemOf(issue) };
    }),
  );
}

/** An issue's own message quotes what was received; only those written for this project are passed on. */
function problemOf({ kind, type, message }: v.BaseIssue<unknown>): string {
  if (kind !== "validation") return "bad type";
  return (type === "check" || type === "raw_check") && !message.startsWith("Invalid ")
    ? message
    : `bad ${type}`;
}
