import { statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { redactCredentials } from "../validation/clone-url.ts";
import { type ProcessReport, type ProcessSpec, runProcess } from "./process.ts";

const MAX_CLONE_MS = 10 * 60_000;
const MAX_ERROR_CHARACTERS = 500;
/** Of the list of changed files. */
const MAX_LIST_BYTES = 1024 ** 2;
const UNADVERTISED =
  /not our ref|unadvertised object|not advertised|couldn't find remote ref|shallow capabilities/i;
const FETCH = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
const ALL_BRANCHES = ["+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*/head:refs/remotes/pull/*"];

/** Where a commit is fetched from; `label` names it in errors, without path or credentials. */
export type RepositorySource = { url: string; label: string; protocols: string };

export type CheckoutSpec = Pick<ProcessSpec, "scratchDirectory" | "sandboxId" | "timeoutMs" | "signal"> & {
  source: RepositorySource;
  headSha: string;
  /** Receives the commit's files; must be an empty directory. */
  directory: string;
};

export type CheckoutOutcome =
  | { kind: "checked_out"; treeSha: string }
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
    const url = [path, `${path}.git`].find((each) =>
      statSync(each, { throwIfNoEntry: false })?.isDirectory(),
    );
    if (url !== undefined) return { url, label: projectId, protocols: "file" };
  }
  const url = cloneUrl ?? `https://github.com/${projectId}.git`;
  return { url, label: redactCredentials(url), protocols: "https:http:ssh" };
}

/** Fetches exactly one commit into an empty directory and checks it out, without history or submodules. */
export async function checkOutCommit(spec: CheckoutSpec): Promise<CheckoutOutcome> {
  const deadline = performance.now() + Math.min(spec.timeoutMs, MAX_CLONE_MS);
  const git = (...args: string[]) => runGit(spec, args, deadline);
  const format = spec.headSha.length === 64 ? "sha256" : "sha1";
  const initialized = await git("init", "--quiet", `--object-format=${format}`);
  if (!succeeded(initialized)) return explain(spec, initialized, "could not prepare a checkout");
  const fetchFailure = await fetchCommit(spec, git);
  if (fetchFailure !== undefined) return fetchFailure;
  const checkedOut = await git("checkout", "--quiet", "--force", "--detach", spec.headSha);
  if (!succeeded(checkedOut)) return explain(spec, checkedOut, `could not check out ${spec.headSha}`);
  const head = await git("rev-parse", "HEAD", "HEAD^{tree}");
  if (!succeeded(head)) return explain(spec, head, "could not read the checkout");
  const [commit, treeSha = ""] = head.output.text().split("\n");
  if (commit === spec.headSha) return { kind: "checked_out", treeSha };
  return { kind: "failed", error: `${spec.headSha} is not a commit of ${spec.source.label}` };
}

/**
 * Lists the files that differ between a checkout and its base.
 * @returns undefined if that cannot be known, for example because the base is gone
 */
export async function listChangedFiles(spec: CheckoutSpec, baseSha: string): Promise<string[] | undefined> {
  const deadline = performance.now() + Math.min(spec.timeoutMs, MAX_CLONE_MS);
  const git = (...args: string[]) => runGit(spec, args, deadline, MAX_LIST_BYTES);
  if ((await fetchCommit({ ...spec, headSha: baseSha }, git)) !== undefined) return undefined;
  const listed = await git("diff", "--name-only", "--no-renames", "-z", baseSha, spec.headSha);
  const text = listed.output.text();
  // A list that was cut is not known.
  return succeeded(listed) && Buffer.byteLength(text) < MAX_LIST_BYTES
    ? text.split("\0").filter((path) => path !== "")
    : undefined;
}

type RunGit = (...args: string[]) => Promise<ProcessReport>;

/** Asks for the commit alone, and for all branches if the server does not serve single commits. */
async function fetchCommit(spec: CheckoutSpec, git: RunGit): Promise<CheckoutOutcome | undefined> {
  const { source, headSha } = spec;
  const failure = (report: ProcessReport) => explain(spec, report, `could not fetch ${source.label}`);
  const single = await git(...FETCH, "--depth", "1", "--", source.url, headSha);
  if (succeeded(single)) return undefined;
  if (single.end.kind !== "exited" || !UNADVERTISED.test(single.output.text())) return failure(single);
  const all = await git(...FETCH, "--", source.url, ...ALL_BRANCHES);
  if (!succeeded(all)) return failure(all);
  const found = await git("cat-file", "-e", `${headSha}^{commit}`);
  if (succeeded(found)) return undefined;
  if (found.end.kind !== "exited") return failure(found);
  return { kind: "failed", error: `commit ${headSha} was not found in ${source.label}` };
}

function runGit(
  spec: CheckoutSpec,
  args: string[],
  deadline: number,
  maxOutputBytes?: number,
): Promise<ProcessReport> {
  const { source, directory, sandboxId, scratchDirectory, signal } = spec;
  return runProcess({
    command: "git",
    args,
    cwd: directory,
    // A remote is cloned through the user's proxies, certificates and SSH agent, which the npm registry is reached by
    // too. The credentials in the user's git configuration are left out: they would go to whatever repository a
    // delivery names, and its code runs here next. A private repository is cloned over SSH, or found in
    // GRAINCHAIN_REPOS.
    env: {
      ...gitEnvironment(process.env),
      GIT_ALLOW_PROTOCOL: source.protocols,
      GIT_SSH_COMMAND: "ssh -o BatchMode=yes",
    },
    sandboxId,
    scratchDirectory,
    timeoutMs: Math.max(0, deadline - performance.now()),
    limits: {},
    ...(maxOutputBytes !== undefined && { maxOutputBytes }),
    signal,
  });
}

function succeeded({ end }: ProcessReport): boolean {
  return end.kind === "exited" && end.exitCode === 0;
}

/** Turns a failed git command into an outcome; git's output is kept short and free of credentials. */
function explain({ source }: CheckoutSpec, { end, output }: ProcessReport, problem: string): CheckoutOutcome {
  if (end.kind === "cancelled") return { kind: "cancelled" };
  if (end.kind === "timed_out") return { kind: "failed", error: `${problem}: it took too long` };
  if (end.kind === "not_started") return { kind: "failed", error: `${problem}: git ${end.reason}` };
  const text = redactCredentials(output.text().replaceAll(source.url, source.label));
  const line = text.replaceAll(/\s+/g, " ").trim().slice(-MAX_ERROR_CHARACTERS);
  return { kind: "failed", error: `${problem}: ${line}` };
}
