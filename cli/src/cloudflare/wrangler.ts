/** Wrangler as a tool: its commands run to their end without a question, and what it says went wrong in one line. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { wranglerEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { plainText } from "../output/plain-text.ts";
import { SECRETS } from "../project/secret-names.ts";
import { type Account, RIGHTS, type Right, rightsMend } from "./account.ts";

/** How a command ended. */
export interface WranglerRun {
  /** 1 where a signal or the time limit ended it. */
  readonly code: number;
  readonly stdout: string;
  /** What went wrong, in one line; empty where nothing did. */
  readonly problem: string;
}

/** Runs one command. What `input` holds goes to its standard input, where no other process can read it. */
export type Wrangler = (
  args: readonly string[],
  options?: { readonly input?: string; readonly signal?: AbortSignal },
) => Promise<WranglerRun>;

/** Longer than any command takes: migrations of a large database are the longest. */
const TIMEOUT_MS = 10 * 60_000;

/** What a program is started with. */
export interface WranglerStart {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string;
  readonly signal: AbortSignal;
}

/** Runs Wrangler to its end. @returns how it ended, or why it did not */
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
 * @param dir where the configuration files are
 * @param account none: for what is on this machine only
 */
export function openWrangler(dir: string, account: Account | undefined, program: WranglerProgram): Wrangler {
  const env: NodeJS.ProcessEnv = {
    ...wranglerEnvironment({ ...process.env, ...accountEnvironment(account) }),
    NO_COLOR: "1",
  };
  // None of its business.
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
  // It may have ended without reading it.
  stdin.on("error", () => undefined).end(input);
  return new Promise((resolve) => {
    const fail = (thrown: Error): void => {
      // What it started may hold these open.
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
 * @throws GatewayError with Wrangler's reason, and the right that is missing where that is it
 */
export async function succeed(wrangler: Wrangler, ...call: Parameters<Wrangler>): Promise<string> {
  const run = await wrangler(...call);
  if (run.code === 0) return run.stdout;
  throw wranglerError(call[0], run);
}

/** What a failed command comes to. No argument is a secret: they may be shown. */
export function wranglerError(args: readonly string[], { problem }: WranglerRun): GatewayError {
  const mend = rightsMend(problem, rightFor(args));
  const told = [problem.replace(/\.$/, ""), ...(mend === undefined ? [] : [mend])].join(". ");
  return new GatewayError(`wrangler ${args.slice(0, 3).join(" ")}: ${told}`);
}

/** @throws GatewayError where the output is not what this version of Wrangler prints */
export function readOutput<Schema extends v.GenericSchema>(
  schema: Schema,
  output: string,
  what: string,
): v.InferOutput<Schema> {
  // A warning may stand before it.
  const json = output.slice(Math.max(output.search(/^[[{]/m), 0));
  const parsed = v.safeParse(schema, parseJson(json));
  if (parsed.success) return parsed.output;
  throw new GatewayError(`what wrangler ${what} printed is not understood: it may be of another version`);
}

const accountEnvironment = (account: Account | undefined): Record<string, string> =>
  account === undefined ? {} : { CLOUDFLARE_API_TOKEN: account.token, CLOUDFLARE_ACCOUNT_ID: account.id };

function rightFor([family]: readonly string[]): Right {
  if (family === "queues") return RIGHTS.queues;
  return family === "d1" ? RIGHTS.d1 : RIGHTS.scripts;
}

/** With `--json` some commands print their error so. */
const jsonError = v.object({
  error: v.object({ text: v.string(), notes: v.optional(v.array(v.object({ text: v.string() })), []) }),
});

function problemOf(stdout: string, stderr: string): string {
  const asJson = v.safeParse(jsonError, parseJson(stdout));
  if (asJson.success) {
    const { text: said, notes } = asJson.output.error;
    return plainText([said, ...notes.map((note) => note.text)].join(" "));
  }
  const lines = stripVTControlCharacters(stderr).split("\n");
  const errors = lines.flatMap((line, index) => (/\[ERROR\]/.test(line) ? [index] : []));
  const [first, second] = errors.map((index) => paragraphAt(lines, index));
  if (first === undefined) return "it ended without a reason";
  // A headline that announces the reason.
  return first.endsWith(":") && second !== undefined ? `${first} ${second}` : first;
}

/** An error with its explanation, which is set in; what follows is advice for Wrangler's authors. */
function paragraphAt(lines: readonly string[], index: number): string {
  const rest = lines.slice(index + 1);
  const end = rest.findIndex((line) => /^\S/.test(line) || /If you think this is a bug/.test(line));
  const headline = lines[index]?.replace(/^.*\[ERROR\]\s*/, "") ?? "";
  return [headline, ...rest.slice(0, end === -1 ? undefined : end)]
    .map((line) => plainText(line).trim())
    .filter((line) => line !== "")
    .join(" ");
}

function parseJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}
