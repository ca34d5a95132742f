/** Wrangler as a tool: its commands run to their end without a question, and its errors become one line. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { wranglerEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { plainText } from "../output/plain-text.ts";
import { SECRETS } from "../project/secret-names.ts";
import { type Account, explainRefusal, RIGHTS, type Right } from "./account.ts";

/** How a command ended. */
export interface WranglerRun {
  /** 1 if a signal or the time limit ended it. */
  readonly code: number;
  readonly stdout: string;
  /** What went wrong, in one line; empty if nothing did. */
  readonly problem: string;
}

/** Runs one command. `input` goes to its standard input, which no other process can read. */
export type Wrangler = (
  args: readonly string[],
  options?: { readonly input?: string; readonly signal?: AbortSignal },
) => Promise<WranglerRun>;

/** Longer than any command takes: migrations of a large database are the longest. */
const TIMEOUT_MS = 10 * 60_000;

export interface WranglerStart {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string;
  readonly signal: AbortSignal;
}

/** Runs Wrangler to its end. @returns how it ended, or why it did not run */
export type WranglerProgram = (
  args: readonly string[],
  start: WranglerStart,
) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string } | string>;

/** This checkout's, as a child process. `GATEWAY_WRANGLER` names another Node program in its place, for tests. */
export const startWrangler: WranglerProgram = (args, { cwd, env, input, signal }) => {
  const program = process.env.GATEWAY_WRANGLER || path.join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  return runToEnd(spawn(process.execPath, [program, ...args], { cwd, env, stdio: "pipe", signal }), input);
};

/**
 * Opens Wrangler.
 * @param dir with the configuration files
 * @param account undefined if only local state is used
 */
export function openWrangler(dir: string, account: Account | undefined, program: WranglerProgram): Wrangler {
  const env: NodeJS.ProcessEnv = {
    ...wranglerEnvironment({ ...process.env, ...accountEnvironment(account) }),
    NO_COLOR: "1",
  };
  // Wrangler needs none of them.
  for (const name of SECRETS) delete env[name];
  return async (args, { input = "", signal } = {}) => {
    const ended = await program(args, { cwd: dir, env, input, signal: limited(signal) });
    if (typeof ended === "string") return { code: 1, stdout: "", problem: ended };
    const { code, stdout, stderr } = ended;
    return { code, stdout, problem: code === 0 ? "" : problemOf(stdout, stderr) };
  };
}

const limited = (signal: AbortSignal | undefined): AbortSignal => {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
};

function runToEnd(child: ChildProcessWithoutNullStreams, input: string): ReturnType<WranglerProgram> {
  const { stdin, stdout, stderr } = child;
  // Wrangler may end without reading it.
  stdin.on("error", () => undefined).end(input);
  return new Promise((resolve) => {
    const fail = (thrown: Error): void => {
      // Children of Wrangler may hold these open.
      for (const stream of [stdout, stderr]) stream.destroy();
      resolve(thrown.name === "AbortError" ? "it did not end in time" : "it cannot be started");
    };
    child.once("error", fail);
    const closed = once(child, "close");
    Promise.all([closed, text(stdout), text(stderr)]).then(
      ([, printed, complaint]) => resolve({ code: child.exitCode ?? 1, stdout: printed, stderr: complaint }),
      fail,
    );
  });
}

/**
 * Runs a command that has to succeed.
 * @returns what it printed
 * @throws GatewayError with Wrangler's reason, and the right that is missing if that is the reason
 */
export async function succeed(wrangler: Wrangler, ...call: Parameters<Wrangler>): Promise<string> {
  const run = await wrangler(...call);
  if (run.code === 0) return run.stdout;
  throw wranglerError(call[0], run);
}

/** The error of a command that failed. Its arguments may be shown: none is a secret. */
export function wranglerError(args: readonly string[], { problem }: WranglerRun): GatewayError {
  const [family = ""] = args;
  const reason = explainRefusal(problem.replace(/\.$/, ""), RIGHT_FOR[family] ?? RIGHTS.scripts);
  return new GatewayError(`wrangler ${args.slice(0, 3).join(" ")}: ${reason}`);
}

const RIGHT_FOR: Readonly<Record<string, Right>> = {
  queues: RIGHTS.queues,
  d1: RIGHTS.d1,
  r2: RIGHTS.r2,
};

/** @throws GatewayError if the output is not what this version of Wrangler prints */
export function readOutput<Schema extends v.GenericSchema>(
  schema: Schema,
  output: string,
  what: string,
): v.InferOutput<Schema> {
  // A warning may come first.
  const json = output.slice(Math.max(output.search(/^[[{]/m), 0));
  const parsed = v.safeParse(schema, parseJson(json));
  if (parsed.success) return parsed.output;
  throw new GatewayError(`unexpected output of wrangler ${what}: it may be another version`);
}

const accountEnvironment = (account: Account | undefined): Record<string, string> =>
  account === undefined ? {} : { CLOUDFLARE_API_TOKEN: account.token, CLOUDFLARE_ACCOUNT_ID: account.id };

/** How some commands print their error with `--json`. */
const jsonError = v.object({
  error: v.object({ text: v.string(), notes: v.optional(v.array(v.object({ text: v.string() })), []) }),
});

/** Why a command failed, in one line, from what it printed. */
export function problemOf(stdout: string, stderr: string): string {
  const asJson = v.safeParse(jsonError, parseJson(stdout));
  if (asJson.success) {
    const { text: message, notes } = asJson.output.error;
    return plainText([message, ...notes.map((note) => note.text)].join(" "));
  }
  const lines = stripVTControlCharacters(stderr).split("\n");
  const errors = lines.flatMap((line, index) => (/\[ERROR\]/.test(line) ? [index] : []));
  const [first, second] = errors.map((index) => paragraphAt(lines, index));
  if (first === undefined) return "it ended without a reason";
  // A headline that ends with a colon announces the reason.
  return first.endsWith(":") && second !== undefined ? `${first} ${second}` : first;
}

/** An error with its explanation, which is indented; the rest is about reporting bugs of Wrangler. */
function paragraphAt(lines: readonly string[], index: number): string {
  const rest = lines.slice(index + 1);
  const end = rest.findIndex((line) => /^\S/.test(line) || /If you think this is a bug/.test(line));
  const headline = lines[index]?.replace(/^.*\[ERROR\]\s*/, "") ?? "";
  return [headline, ...rest.slice(0, end === -1 ? undefined : end)]
    .map((line) => plainText(line).trim())
    .filter((line) => line !== "")
    .join(" ");
}
