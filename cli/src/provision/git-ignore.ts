/** Whether git could commit a file. Git itself is asked; without an answer, it could. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { plainText } from "../output/plain-text.ts";

/**
 * Why a file must not hold secrets where it is.
 * @param file in a folder that exists
 * @returns undefined if git ignores it, or there is no checkout
 */
export function whyGitMightCommit(file: string): string | undefined {
  const folder = path.dirname(file);
  // The file is named within its real folder: through a link, git would not find it in the checkout.
  const args = ["check-ignore", "--quiet", "--", `./${path.basename(file)}`];
  const asked = spawnSync("git", args, {
    cwd: folder,
    // The person's own git configuration counts, another repository's does not.
    env: childEnvironment(process.env),
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (asked.status === 0) return undefined;
  if (asked.status === 1) return "would be in a git checkout that does not ignore it";
  // Outside a checkout git fails with the same exit code as in a checkout of another user, which it does not open.
  if (!isInCheckout(folder)) return undefined;
  return `would be in a git checkout, and git does not say whether it ignores it (${reasonOf(asked)})`;
}

/** Found without git: a machine without it may share the checkout with one that has it. */
function isInCheckout(folder: string): boolean {
  let at = realpathSync(folder);
  for (;;) {
    if (lstatSync(path.join(at, ".git"), { throwIfNoEntry: false })) return true;
    const parent = path.dirname(at);
    if (parent === at) return false;
    at = parent;
  }
}

function reasonOf({ error, signal, status, stderr }: SpawnSyncReturns<string>): string {
  if (error !== undefined) {
    return "code" in error && error.code === "ENOENT" ? "it is not installed" : "it cannot be started";
  }
  if (signal !== null) return `it was ended by ${signal}`;
  const [message = ""] = stderr.split("\n");
  return message === "" ? `it ended with exit code ${status}` : plainText(message.replace(/^fatal: /, ""));
}
