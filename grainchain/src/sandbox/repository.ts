import { statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { redactCredentials } from "../validation/clone-url.ts";
import { type ProcessReport, runProcess } from "./process.ts";

const MAX_CLONE_MS = 10 * 60_000;
const MAX_ERROR_CHARACTERS = 500;
const UNADVERTISED =
  /not our ref|unadvertised object|not advertised|couldn't find remote ref|shallow capabilities/i;
const ALL_BRANCHES = ["+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*/head:refs/remotes/pull/*"];

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
  const deadline = performance.now() + Math.min(spec.timeoutMs, MAX_CLONE_MS);
  const git = (...args: string[]) => runGit(spec, args, deadline);
  const format = spec.headSha.length === 64 ? "sha256" : "sha1";
  const begun = await git("init", "--quiet", `--object-format=${format}`);
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
    // The clone of a remote reaches it by the person's proxies, certificates and SSH agent, as the npm registry is reached.
    // It has none of the credentials that their git configuration holds: those would go to whatever repository a delivery
    // names, and its code is run here next. A private repository is cloned over SSH, or found in GRAINCHAIN_REPOS.
    env: {
      ...gitEnvironment(process.env),
      GIT_ALLOW_PROTOCOL: spec.source.protocols,
      GIT_SSH_COMMAND: "ssh -o BatchMode=yes",
    },
    sandboxId: spec.sandboxId,
    scratchDirectory: spec.scratchDirectory,
    timeoutMs: Math.max(0, deadline - performance.now()),
    maxMemoryBytes: 0,
    signal: spec.signal,
  });
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
