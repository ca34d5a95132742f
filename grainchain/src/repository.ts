import { statSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { redactCredentials } from "./clone-url.ts";
import { type ProcessReport, runProcess } from "./process.ts";

const MAX_CLONE_MS = 10 * 60_000;
const MAX_ERROR_CHARACTERS = 500;
const UNADVERTISED =
  /not our ref|unadvertised object|not advertised|couldn't find remote ref|shallow capabilities/i;
const ALL_BRANCHES = ["+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*/head:refs/remotes/pull/*"];

/** How git reaches other machines; nothing else of the server's environment is handed to it. */
const GIT_PASSED_VARIABLES = [
  "PATH",
  "SSH_AUTH_SOCK",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
];

/** Hooks off, helpers off, and a repository of another user may be read. */
const GIT_CONFIG = `[safe]
\tdirectory = *
[core]
\thooksPath = /dev/null
\tfsmonitor = false
[protocol "ext"]
\tallow = never
[fetch]
\trecurseSubmodules = false
[submodule]
\trecurse = false
[gc]
\tauto = 0
[advice]
\tdetachedHead = false
`;

/** Where a commit is fetched from; `label` names it in errors, without path or credentials. */
export type RepositorySource = { url: string; label: string; protocols: string };

/** What a checkout needs to know of its sandbox. */
export type CheckoutSpec = {
  source: RepositorySource;
  headSha: string;
  /** Receives the commit's files; must be an empty directory. */
  directory: string;
  /** The sandbox's own directory, around `directory`. */
  scratchDirectory: string;
  sandboxId: string;
  timeoutMs: number;
  signal: AbortSignal;
};

export type CheckoutOutcome =
  | { kind: "checked_out" }
  | { kind: "cancelled" }
  | { kind: "failed"; error: string };

/**
 * Chooses the source: a folder of local repositories, else the request's clone URL, else GitHub.
 * @param reposPath folders to look in, separated as in PATH
 */
export function locateRepository(
  projectId: string,
  cloneUrl: string | undefined,
  reposPath: string | undefined,
): RepositorySource {
  for (const directory of reposPath?.split(delimiter) ?? []) {
    const path = resolve(directory, projectId);
    for (const url of [path, `${path}.git`]) {
      if (statSync(url, { throwIfNoEntry: false })?.isDirectory())
        return { url, label: projectId, protocols: "file" };
    }
  }
  const url = cloneUrl ?? `https://github.com/${projectId}.git`;
  return { url, label: redactCredentials(url), protocols: "https:http:ssh" };
}

/** Fetches exactly one commit into an empty directory and checks it out, without history or submodules. */
export async function checkOutCommit(spec: CheckoutSpec): Promise<CheckoutOutcome> {
  writeFileSync(join(spec.scratchDirectory, "gitconfig"), GIT_CONFIG);
  const deadline = performance.now() + Math.min(spec.timeoutMs, MAX_CLONE_MS);
  const git = (...args: string[]) => runGit(spec, args, deadline);
  const format = spec.headSha.length === 64 ? "sha256" : "sha1";
  const begun = await git("init", "--quiet", "--template=", `--object-format=${format}`);
  if (!succeeded(begun)) return explain(spec, begun, "could not prepare a checkout");
  const fetched = await fetchCommit(spec, git);
  if (fetched !== undefined) return fetched;
  const checkedOut = await git("checkout", "--quiet", "--force", "--detach", spec.headSha);
  if (!succeeded(checkedOut)) return explain(spec, checkedOut, `could not check out ${spec.headSha}`);
  const head = await git("rev-parse", "--verify", "HEAD");
  if (!succeeded(head)) return explain(spec, head, "could not read the checkout");
  if (head.output.text().trim() === spec.headSha) return { kind: "checked_out" };
  return { kind: "failed", error: `${spec.headSha} is not a commit of ${spec.source.label}` };
}

type RunGit = (...args: string[]) => Promise<ProcessReport>;

/** Asks for the bare commit, and for all branches where a server does not hand that out. */
async function fetchCommit(spec: CheckoutSpec, git: RunGit): Promise<CheckoutOutcome | undefined> {
  const fetchArgs = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
  const single = await git(...fetchArgs, "--depth", "1", "--", spec.source.url, spec.headSha);
  if (succeeded(single)) return undefined;
  if (single.end.kind !== "exited" || !UNADVERTISED.test(single.output.text())) {
    return explain(spec, single, `could not fetch ${spec.source.label}`);
  }
  const all = await git(...fetchArgs, "--", spec.source.url, ...ALL_BRANCHES);
  if (!succeeded(all)) return explain(spec, all, `could not fetch ${spec.source.label}`);
  const found = await git("cat-file", "-e", `${spec.headSha}^{commit}`);
  if (succeeded(found)) return undefined;
  if (found.end.kind !== "exited") return explain(spec, found, `could not fetch ${spec.source.label}`);
  return { kind: "failed", error: `commit ${spec.headSha} was not found in ${spec.source.label}` };
}

function runGit(spec: CheckoutSpec, args: string[], deadline: number): Promise<ProcessReport> {
  return runProcess({
    command: "git",
    args,
    cwd: spec.directory,
    env: gitEnvironment(spec),
    sandboxId: spec.sandboxId,
    scratchDirectory: spec.scratchDirectory,
    timeoutMs: Math.max(0, deadline - performance.now()),
    maxMemoryBytes: 0,
    signal: spec.signal,
  });
}

function gitEnvironment(spec: CheckoutSpec): Record<string, string> {
  const passed = GIT_PASSED_VARIABLES.flatMap((name): Array<[string, string]> => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passed),
    HOME: spec.scratchDirectory,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: join(spec.scratchDirectory, "gitconfig"),
    GIT_ATTR_NOSYSTEM: "1",
    GIT_ALLOW_PROTOCOL: spec.source.protocols,
    GIT_TERMINAL_PROMPT: "0",
    GIT_SSH_COMMAND: "ssh -o BatchMode=yes",
  };
}

function succeeded(report: ProcessReport): boolean {
  return report.end.kind === "exited" && report.end.exitCode === 0;
}

/** Turns a failed git command into an outcome; what git said is kept short and free of credentials. */
function explain(spec: CheckoutSpec, report: ProcessReport, doing: string): CheckoutOutcome {
  if (report.end.kind === "cancelled") return { kind: "cancelled" };
  if (report.end.kind === "timed_out") return { kind: "failed", error: `${doing}: it took too long` };
  if (report.end.kind === "not_started")
    return { kind: "failed", error: `${doing}: git ${report.end.reason}` };
  const said = report.output.text().replaceAll(spec.source.url, spec.source.label);
  const text = redactCredentials(said).replaceAll(/\s+/g, " ").trim().slice(-MAX_ERROR_CHARACTERS);
  return { kind: "failed", error: `${doing}: ${text}` };
}
