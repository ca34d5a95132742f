/** What may be around a person who tries this project: another repository, and a git configuration that suits nobody. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A repository that this project must not touch. */
export interface OtherRepository {
  readonly dir: string;
  /** By the variables that git sets for a hook, and further ones that lead git there. */
  readonly variables: Readonly<Record<string, string>>;
  /** The hash of every file by its path, `.git` included. */
  files(): Record<string, string>;
}

/** Makes a repository with a commit, a branch, a tag, and a change that is staged. */
export function makeOtherRepository(parent = mkdtempSync(path.join(tmpdir(), "other-"))): OtherRepository {
  const dir = path.join(parent, "other");
  mkdirSync(dir);
  const env = { PATH: process.env.PATH ?? "", HOME: parent, GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=Other", "-c", "user.email=other@example.com", ...args], {
      cwd: dir,
      env,
    });
  git("init", "--quiet", "--initial-branch=main");
  writeFileSync(path.join(dir, "work.txt"), "committed\n");
  git("add", "--all");
  git("commit", "--quiet", "--message", "Work");
  git("branch", "topic");
  git("tag", "v1");
  writeFileSync(path.join(dir, "work.txt"), "staged\n");
  git("add", "--all");
  // Looking for changes writes the index again.
  utimesSync(path.join(dir, "work.txt"), 1, 1);
  const inside = (name: string): string => path.join(dir, ".git", name);
  return {
    dir,
    variables: {
      GIT_DIR: path.join(dir, ".git"),
      GIT_INDEX_FILE: inside("index"),
      GIT_WORK_TREE: dir,
      GIT_OBJECT_DIRECTORY: inside("objects"),
      GIT_COMMON_DIR: path.join(dir, ".git"),
      GIT_PREFIX: "",
      GIT_NAMESPACE: "other",
      GIT_AUTHOR_DATE: "never",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "core.hooksPath",
      GIT_CONFIG_VALUE_0: inside("hooks"),
    },
    files: () => filesOf(dir),
  };
}

/** The hash of every file below a folder, by its path. */
export const filesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(dir, file), hashOf(readFileSync(file))]),
  );

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** The last words of every hook of `makeOddHome`. */
export const HOOK_WORDS = "this hook refuses everything";

/**
 * Makes a home whose git configuration refuses or bends nearly everything: hooks that fail, signatures without a key, no
 * identity, templates with hooks, other line ends, and addresses that lead elsewhere.
 */
export function makeOddHome(parent = mkdtempSync(path.join(tmpdir(), "home-"))): string {
  const home = path.join(parent, "home");
  const hooks = path.join(home, "hooks");
  const template = path.join(home, "template");
  for (const dir of [hooks, path.join(template, "hooks")]) {
    mkdirSync(dir, { recursive: true });
    for (const name of HOOKS) {
      writeFileSync(path.join(dir, name), `#!/bin/sh\necho "${HOOK_WORDS}"\nexit 1\n`, { mode: 0o755 });
    }
  }
  writeFileSync(
    path.join(home, ".gitconfig"),
    `[core]
	hooksPath = ${JSON.stringify(hooks)}
	fsmonitor = ${JSON.stringify(path.join(hooks, "pre-commit"))}
	autocrlf = true
	excludesFile = ${JSON.stringify(path.join(home, "excludes"))}
[commit]
	gpgSign = true
[gpg]
	program = false
[init]
	templateDir = ${JSON.stringify(template)}
	defaultBranch = odd
[user]
	useConfigOnly = true
[safe]
	directory = /nowhere
[protocol]
	allow = never
[url "https://nowhere.invalid/"]
	insteadOf = /
	insteadOf = http://
`,
  );
  writeFileSync(path.join(home, "excludes"), "*\n");
  return home;
}

const HOOKS = ["commit-msg", "pre-commit", "prepare-commit-msg", "post-checkout", "reference-transaction"];
