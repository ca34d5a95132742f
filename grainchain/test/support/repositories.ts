import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { onTestFinished } from "vitest";

/** A new directory that is removed after the test. The server does not sweep up directories with its name. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "gc-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs git in a directory and returns what it printed. */
export function git(directory: string, ...args: string[]): string {
  const env = gitEnvironment(process.env);
  return execFileSync("git", args, { cwd: directory, env, encoding: "utf8" }).trim();
}

/** Commits files to a repository, which is created if it is new, and returns the commit's id. */
export function commitFiles(repository: string, files: Record<string, string>): string {
  mkdirSync(repository, { recursive: true });
  if (!existsSync(join(repository, ".git"))) git(repository, "init", "--quiet", "-b", "main");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, name)), { recursive: true });
    writeFileSync(join(repository, name), text);
  }
  git(repository, "add", "-A");
  git(repository, "commit", "--quiet", "--allow-empty", "-m", "change");
  return git(repository, "rev-parse", "HEAD");
}

/** A steps file of the given commands by step name. */
export function stepsFile(steps: Record<string, string>): string {
  return JSON.stringify({ steps: Object.entries(steps).map(([name, run]) => ({ name, run })) });
}
