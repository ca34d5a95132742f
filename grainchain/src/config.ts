import { statSync } from "node:fs";
import { delimiter } from "node:path";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { isLoopback } from "./http/listen.ts";
import type { ProviderChoice } from "./provider/open-provider.ts";
import { chooseProvider, PROVIDER_ENTRIES } from "./provider/provider-settings.ts";
import { ISOLATIONS } from "./sandbox/isolation-choice.ts";
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

export const HELP = `Grainchain runs validations of commits on this machine and reports their results.
For development and demonstration. Steps are isolated by bubblewrap if it works on this machine. Without
it they run as this user: then use it only for your own code.

Usage: grainchain [options]
  --port <port>    port to listen on (default ${DEFAULT_PORT}; 0 takes any free one)
  --host <host>    address to listen on (default ${DEFAULT_HOST})
  --allow-remote   accept a host that other machines can reach
  --check          print where steps would run and how they would be isolated, then exit
  --help           show this text

Environment:
  GRAINCHAIN_PORT             port, if --port is not given
  GRAINCHAIN_API_PREFIX       path of the API (default ${DEFAULT_API_PREFIX})
  GRAINCHAIN_API_KEY          key that requests must send as Authorization: Bearer <key>
  GRAINCHAIN_CALLBACK_SECRET  key that signs callbacks
  GRAINCHAIN_ISOLATION        auto (default: bubblewrap if it works), bubblewrap or none
  GRAINCHAIN_DEFAULT_PROVIDER local (default), e2b or daytona: whose sandboxes run the steps (GRAINCHAIN_PROVIDER wins)
  E2B_API_KEY                 key of E2B; E2B_TEMPLATE (default base), E2B_DOMAIN, E2B_API_URL, E2B_SANDBOX_URL
  DAYTONA_API_KEY             key of Daytona; DAYTONA_TARGET, DAYTONA_API_URL
  GRAINCHAIN_REPOS            folder of repositories <owner>/<repo> or <owner>/<repo>.git; several as in PATH
  GRAINCHAIN_CONCURRENCY      validations that run at a time (default ${DEFAULT_CONCURRENCY})
  GRAINCHAIN_QUEUE_LIMIT      validations that may wait (default ${DEFAULT_QUEUE_LIMIT})
  GRAINCHAIN_MAX_TIMEOUT_MS   longest time limit of a validation (default ${DEFAULT_MAX_TIMEOUT_MS})
`;

export type Command =
  | { kind: "serve"; options: GrainchainOptions }
  | { kind: "check"; provider: ProviderChoice }
  | { kind: "help" }
  | { kind: "invalid"; message: string };

const integer = (minimum: number, maximum: number) => {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  const number = v.pipe(v.string(), v.regex(/^\d{1,15}$/, message), v.transform(Number));
  return v.optional(v.pipe(number, v.minValue(minimum, message), v.maxValue(maximum, message)));
};

const SettingsSchema = v.object({
  ...PROVIDER_ENTRIES,
  "--port": integer(0, 65_535),
  GRAINCHAIN_PORT: integer(0, 65_535),
  GRAINCHAIN_API_PREFIX: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(?:\/[A-Za-z0-9._~-]+)*\/?$/, "must be a path such as /api/v1/validation"),
      v.transform((prefix) => prefix.replace(/\/$/, "")),
    ),
  ),
  GRAINCHAIN_API_KEY: v.optional(v.pipe(v.string(), v.regex(/^\S+$/, "must not contain whitespace"))),
  // A newline from the file that the secret was read from would make every signature wrong.
  GRAINCHAIN_CALLBACK_SECRET: v.optional(
    v.pipe(
      v.string(),
      v.check((secret) => secret === secret.trim(), "must not begin or end with whitespace"),
    ),
  ),
  GRAINCHAIN_ISOLATION: v.optional(v.picklist(ISOLATIONS, `must be one of ${ISOLATIONS.join(", ")}`), "auto"),
  GRAINCHAIN_REPOS: v.optional(
    v.pipe(v.string(), v.check(areDirectories, "must be an existing folder, or several of them")),
  ),
  GRAINCHAIN_CONCURRENCY: integer(1, 64),
  GRAINCHAIN_QUEUE_LIMIT: integer(0, 10_000),
  GRAINCHAIN_MAX_TIMEOUT_MS: integer(1, MAX_TIMEOUT_LIMIT_MS),
});

/** Reads the arguments and the environment. A refusal names the wrong setting and never its value. */
export function readCommand(args: readonly string[], env: Readonly<NodeJS.ProcessEnv>): Command {
  const flags = readFlags(args);
  if (typeof flags === "string") return { kind: "invalid", message: flags };
  if (flags.help) return { kind: "help" };
  const { host = DEFAULT_HOST, "allow-remote": allowRemote } = flags;
  if (!isLoopback(host) && !allowRemote) {
    const message = "--host is not a loopback address; add --allow-remote if you mean it";
    return { kind: "invalid", message };
  }
  // A variable that is set to nothing counts as not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = v.safeParse(SettingsSchema, { ...given, "--port": flags.port });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return { kind: "invalid", message: `${v.getDotPath(issue)} ${issue.message}` };
  }
  const settings = parsed.output;
  const provider = chooseProvider(settings, settings.GRAINCHAIN_ISOLATION);
  if (typeof provider === "string") return { kind: "invalid", message: provider };
  if (flags.check) return { kind: "check", provider };
  return {
    kind: "serve",
    options: {
      port: settings["--port"] ?? settings.GRAINCHAIN_PORT,
      host,
      allowRemote,
      apiPrefix: settings.GRAINCHAIN_API_PREFIX,
      apiKey: settings.GRAINCHAIN_API_KEY,
      callbackSecret: settings.GRAINCHAIN_CALLBACK_SECRET,
      provider,
      reposDir: settings.GRAINCHAIN_REPOS,
      concurrency: settings.GRAINCHAIN_CONCURRENCY,
      queueLimit: settings.GRAINCHAIN_QUEUE_LIMIT,
      maxTimeoutMs: settings.GRAINCHAIN_MAX_TIMEOUT_MS,
    },
  };
}

/** @returns the flags, or what is wrong with them */
function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        host: { type: "string" },
        "allow-remote": { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    // parseArgs throws for what it does not know; the first sentence of its message says what.
    return (error instanceof Error ? error.message.split(/[.\n]/)[0] : undefined) ?? "unknown option";
  }
}

function areDirectories(path: string): boolean {
  return path
    .split(delimiter)
    .every((one) => statSync(one, { throwIfNoEntry: false })?.isDirectory() === true);
}
