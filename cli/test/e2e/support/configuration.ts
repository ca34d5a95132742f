/** The Workers' configuration as tests run it: all that is deployed, but for what would only be waited for. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../../dev/settings.ts";

/**
 * Writes a Worker's configuration again in another folder, where no `.dev.vars` is. Queues hand on what they have at
 * once: a second at every hop is the subject of no test that uses this.
 * @returns the path of the copy
 */
export function writeConfiguration(folder: string, worker: "producer" | "consumer"): string {
  const text = readFileSync(path.join(ROOT, `wrangler.${worker}.toml`), "utf8")
    .replaceAll(
      /^(main|migrations_dir) = "(.+)"$/gm,
      (_, key: string, relative: string) => `${key} = ${JSON.stringify(path.join(ROOT, relative))}`,
    )
    .replaceAll(/^max_batch_timeout = \d+/gm, "max_batch_timeout = 0");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `wrangler.${worker}.toml`);
  writeFileSync(file, text);
  return file;
}
