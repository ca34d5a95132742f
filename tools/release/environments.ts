/**
 * `npm run environments`: writes the environments of `environments.toml` to both configuration files. What somebody has
 * set in them alone is not overwritten without `--force`.
 */
import { spawnSync } from "node:child_process";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { lostKeys } from "../../cli/src/project/environment-keys.ts";
import { readText, SOURCE, writeEnvironments } from "../../cli/src/project/environments.ts";
import { projectDir } from "../../cli/src/project/project.ts";

const dir = projectDir(process.env);
const source = readText(dir, SOURCE);
const lost = process.argv.includes("--force") ? [] : lostKeys(dir, source, committedSource() ?? source);
if (lost.length > 0) {
  console.error(`these would be lost: move them to ${SOURCE}, or run npm run environments -- --force`);
  for (const key of lost) console.error(`  ${key}`);
  process.exitCode = 1;
} else {
  const written = writeEnvironments(dir, source);
  console.log(written.length === 0 ? "nothing to do" : `wrote ${written.join(", ")}`);
}

/** What the files were generated from, if the source was edited since; undefined without git. */
function committedSource(): string | undefined {
  const options = { cwd: dir, env: gitEnvironment(process.env), encoding: "utf8" } as const;
  const { status, stdout } = spawnSync("git", ["show", `HEAD:./${SOURCE}`], options);
  return status === 0 ? stdout : undefined;
}
