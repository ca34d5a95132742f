/** A copy of what is deployed, with an account of its own, and the command run on both. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { makeDirectory } from "../../../test/system/repositories.ts";
import { SOURCE, writeEnvironments } from "../../src/project/environments.ts";
import { RANDOM_SECRETS, SECRETS } from "../../src/project/secret-names.ts";
import { fakeWrangler } from "./fake-wrangler.mjs";
import { ACCOUNT_ID, API_TOKEN, FakeAccount, type FakeState } from "./fake-wrangler-account.ts";
import { startFakeApi } from "./fake-wrangler-api.ts";
import { type Ran, runGateway } from "./gateway-command.ts";
import { runHere } from "./gateway-here.ts";

export const FILES = ["wrangler.producer.toml", "wrangler.consumer.toml"] as const;

export interface Call {
  readonly args: readonly string[];
  readonly input: string;
}

/** Opens a project with an account. @param real whether the real Wrangler is run */
export async function openProject(state: Partial<FakeState> = {}, { real = false } = {}) {
  const dir = makeDirectory();
  for (const file of [SOURCE, ...FILES]) cpSync(path.join(ROOT, file), path.join(dir, file));
  mkdirSync(path.join(dir, "shared"));
  symlinkSync(path.join(ROOT, "shared/migrations"), path.join(dir, "shared/migrations"));
  const account = new FakeAccount(dir, state);
  const api = await startFakeApi(account);
  const callsFile = path.join(dir, "calls");
  const noSecrets = Object.fromEntries(
    [...SECRETS, "GATEWAY_URL", "PORT", "GRAINCHAIN_PORT", "CLOUDFLARE_WORKER_NAME"].map((name) => [
      name,
      "",
    ]),
  );
  const environment = {
    ...noSecrets,
    GATEWAY_PROJECT: dir,
    GATEWAY_STATE: path.join(dir, "state"),
    GATEWAY_WRANGLER: real ? "" : path.join(import.meta.dirname, "fake-wrangler.mjs"),
    FAKE_WRANGLER_STATE: account.file,
    FAKE_WRANGLER_CALLS: callsFile,
    CLOUDFLARE_API_BASE_URL: api.url,
    CLOUDFLARE_API_TOKEN: API_TOKEN,
    CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
    INIT_CWD: dir,
    WRANGLER_LOG_PATH: path.join(dir, "logs"),
    // The real one is compiled once, and not at each of the many times that it is started.
    NODE_COMPILE_CACHE: path.join(tmpdir(), "webhook-gateway-compiled"),
    COLUMNS: "200",
  };
  const outputs: Ran[] = [];
  const noted = async (running: Promise<Ran>): Promise<Ran> => {
    const ran = await running;
    outputs.push(ran);
    return ran;
  };
  const project = {
    dir,
    environment,
    account,
    api,
    /** Runs the command; what is set to "" counts as not set. */
    run: (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
      noted(runHere(args, { ...environment, ...env }, real ? undefined : fakeWrangler)),
    /** The same as a child process. */
    spawn: (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
      noted(runGateway(args, { ...environment, ...env })),
    /** All that was ever printed. */
    printed: (): string => outputs.map(({ stdout, stderr }) => stdout + stderr).join("\n"),
    /** What the fake Wrangler was asked for. */
    calls: (): Call[] => (existsSync(callsFile) ? readLines(callsFile) : []),
    /** Those that change something. */
    changes: (): string[] => project.calls().flatMap(({ args }) => (isReading(args) ? [] : [args.join(" ")])),
    forgetCalls: () => writeFileSync(callsFile, ""),
    read: (name: string): string => readFileSync(path.join(dir, name), "utf8"),
    edit(name: string, edit: (text: string) => string): void {
      writeFileSync(path.join(dir, name), edit(project.read(name)));
    },
    /** Edits the source of both configuration files, and generates them. */
    editEnvironments(edit: (text: string) => string): void {
      writeEnvironments(dir, edit(project.read(SOURCE)));
    },
    /** The values of secrets that the account holds. */
    secrets: (): string[] =>
      Object.values(account.read().workers).flatMap(({ secrets }) => Object.values(secrets)),
  };
  return project;
}

export type Project = Awaited<ReturnType<typeof openProject>>;

/** A value for each secret that could be made. */
export const GIVEN_SECRETS = Object.fromEntries(
  RANDOM_SECRETS.map((name) => [name, `given ${name.toLowerCase()}`.padEnd(40, "-")]),
);

const readLines = (file: string): Call[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

const isReading = ([family, verb]: readonly string[]): boolean =>
  ["list", "execute"].includes(verb ?? "") || family === "--version";
