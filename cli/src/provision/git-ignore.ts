/** Would git take a file into a commit? Asked of git itself; where it gives no answer, it might. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { plainText } from "../output/plain-text.ts";

/**
 * Why a file must not hold secrets where it is.
 * @param file in a folder that is there
 * @returns undefined where git ignores it, or there is no checkout
 */
export function whyGitMightTake(file: string): string | undefined {
  const folder = path.dirname(file);
  // By its name in the folder as it is on disk: by way of a link, git would not find it in the checkout.
  const args = ["check-ignore", "--quiet", "--", `./${path.basename(file)}`];
  const asked = spawnSync("git", args, {
    cwd: folder,
    // The person's own configuration may ignore files everywhere; another repository's must not.
    env: childEnvironment(process.env),
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (asked.status === 0) return undefined;
  if (asked.status === 1) return "would stand in a git checkout that does not ignore it";
  // Where there is no checkout git fails with the same exit code as in one that it does not open, another user's.
  if (!isInCheckout(folder)) return undefined;
  return `is in a git checkout, and git does not say whether it ignores it (${reasonOf(asked)})`;
}

/** Without asking git. A machine that has none may share the checkout with one that does. */
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
  const [said = ""] = stderr.split("\n");
  return said === "" ? `it ended with exit code ${status}` : plainText(said.replace(/^fatal: /, ""));
}
