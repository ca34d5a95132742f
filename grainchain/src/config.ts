import { statSync } from "node:fs";
import { delimiter } from "node:path";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { isLoopback } from "./http/listen.ts";
import {
  DEFAULT_API_PREFIX,
  DEFAULT_CONCURRENCY,
  DEFAULT_HOST,
  DEFAULT_MAX_TIMEOUT_MS,
  DEFAULT_PORT,
  DEFAULT_QUEUE_LIMIT,
  type GrainchainOptions,
} from "./server.ts";

const MAX_TIMEOUT_LIMIT_MS = 24 * 60 * 60_000;

/** The text of `--help`. */
export const HELP = `Grainchain runs validations of commits on this machine and reports their results.
For development and demonstration on your own code only: steps run as this user, without isolation.

Usage: grainchain [options]
  --port <port>    port to listen on (default ${DEFAULT_PORT}, 0: any free one)
  --host <host>    address to listen on (default ${DEFAULT_HOST})
  --allow-remote   accept a host that other machines can reach
  --help           show this text

Environment:
  GRAINCHAIN_PORT             port, where --port is not given
  GRAINCHAIN_API_PREFIX       path of the API (default ${DEFAULT_API_PREFIX})
  GRAINCHAIN_API_KEY          key that requests must bring as Authorization: Bearer
  GRAINCHAIN_CALLBACK_SECRET  key that signs callbacks
  GRAINCHAIN_REPOS            folder of repositories, <owner>/<repo> or <owner>/<repo>.git; several as in PATH
  GRAINCHAIN_CONCURRENCY      validations at a time (default ${DEFAULT_CONCURRENCY})
  GRAINCHAIN_QUEUE_LIMIT      validations that may wait (default ${DEFAULT_QUEUE_LIMIT})
  GRAINCHAIN_MAX_TIMEOUT_MS   longest time limit of a validation (default ${DEFAULT_MAX_TIMEOUT_MS})
`;

/** What the program was asked to do. */
export type Command =
  | { kind: "serve"; options: GrainchainOptions }
  | { kind: "help" }
  | { kind: "invalid"; message: string };

const integer = (minimum: number, maximum: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,15}$/, `must be a whole number from ${minimum} to ${maximum}`),
      v.transform(Number),
      v.minValue(minimum, `must be a whole number from ${minimum} to ${maximum}`),
      v.maxValue(maximum, `must be a whole number from ${minimum} to ${maximum}`),
    ),
  );

const PortSchema = integer(0, 65_535);

const EnvironmentSchema = v.object({
  GRAINCHAIN_PORT: PortSchema,
  GRAINCHAIN_API_PREFIX: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(?:\/[A-Za-z0-9._~-]+)*\/?$/, "must be a path such as /api/v1/validation"),
      v.transform((prefix) => prefix.replace(/\/$/, "")),
    ),
  ),
  GRAINCHAIN_API_KEY: v.optional(v.pipe(v.string(), v.regex(/^\S+$/, "must not contain whitespace"))),
  // Nobody who checks a signature has the newline of the line that the secret came on.
  GRAINCHAIN_CALLBACK_SECRET: v.optional(
    v.pipe(
      v.string(),
      v.check((secret) => secret === secret.trim(), "must not have whitespace around it"),
    ),
  ),
  GRAINCHAIN_REPOS: v.optional(
    v.pipe(v.string(), v.check(areDirectories, "must be an existing folder, or several of them")),
  ),
  GRAINCHAIN_CONCURRENCY: integer(1, 64),
  GRAINCHAIN_QUEUE_LIMIT: integer(0, 10_000),
  GRAINCHAIN_MAX_TIMEOUT_MS: integer(1, MAX_TIMEOUT_LIMIT_MS),
});

/** Reads the arguments and the environment. A refusal names the bad key and never its value. */
export function readCommand(args: readonly string[], env: Readonly<NodeJS.ProcessEnv>): Command {
  const flags = readFlags(args);
  if (flags.kind !== "flags") return flags;
  const port = v.safeParse(PortSchema, flags.port);
  if (!port.success) return { kind: "invalid", message: `--port ${port.issues[0].message}` };
  const host = flags.host ?? DEFAULT_HOST;
  if (!isLoopback(host) && !flags.allowRemote) {
    return {
      kind: "invalid",
      message: "--host is not a loopback address; add --allow-remote if that is meant",
    };
  }
  // A variable set to nothing counts as not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = v.safeParse(EnvironmentSchema, given);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return { kind: "invalid", message: `${v.getDotPath(issue)} ${issue.message}` };
  }
  const settings = parsed.output;
  return {
    kind: "serve",
    options: {
      port: port.output ?? settings.GRAINCHAIN_PORT,
      host,
      allowRemote: flags.allowRemote,
      apiPrefix: settings.GRAINCHAIN_API_PREFIX,
      apiKey: settings.GRAINCHAIN_API_KEY,
      callbackSecret: settings.GRAINCHAIN_CALLBACK_SECRET,
      reposDir: settings.GRAINCHAIN_REPOS,
      concurrency: settings.GRAINCHAIN_CONCURRENCY,
      queueLimit: settings.GRAINCHAIN_QUEUE_LIMIT,
      maxTimeoutMs: settings.GRAINCHAIN_MAX_TIMEOUT_MS,
    },
  };
}

type Flags = { kind: "flags"; port: string | undefined; host: string | undefined; allowRemote: boolean };

function readFlags(args: readonly string[]): Flags | Exclude<Command, { kind: "serve" }> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        host: { type: "string" },
        "allow-remote": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    return { kind: "flags", port: values.port, host: values.host, allowRemote: values["allow-remote"] };
  } catch (error) {
    // parseArgs reports what it does not know by throwing; the first sentence says it.
    const message = error instanceof Error ? error.message.split(/[.\n]/)[0] : undefined;
    return { kind: "invalid", message: message ?? "unknown option" };
  }
}

function areDirectories(path: string): boolean {
  return path
    .split(delimiter)
    .every((one) => statSync(one, { throwIfNoEntry: false })?.isDirectory() === true);
}
