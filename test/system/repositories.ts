/** Real git repositories, created for one test. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { inject } from "vitest";
import type {} from "./directory-setup.ts";

/** Creates an empty directory, which is removed after the last test. */
export const makeDirectory = (): string => mkdtempSync(path.join(inject("testDirectory"), "d"));

/** Commits files to `owner/repo` below `root`, on top of its last commit. @returns the new head */
export function commitFiles(root: string, repo: string, files: Readonly<Record<string, string>>): string {
  const dir = path.join(root, repo);
  mkdirSync(dir, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: dir, env: gitEnvironment(process.env), encoding: "utf8" });
  git("init", "--quiet", "--initial-branch=main");
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text);
  git("add", "--all");
  git("commit", "--quiet", "--allow-empty", "--message", "Change");
  return git("rev-parse", "HEAD").trim();
}

/** A `.grainchain.yml` with these steps. */
export const stepsFile = (
  ...steps: readonly { readonly name: string; readonly run: string; readonly timeout?: number }[]
): Record<string, string> => ({ ".grainchain.yml": JSON.stringify({ steps }) });
