/** The Workers' configuration for tests: as it is deployed, but without delays. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { writeLocalConfigs } from "../../../tools/local/local-config.ts";

/** Creates the source of an entry before a Worker's own. @param main the path of the Worker's own entry */
export type Entry = (main: string) => string;

/**
 * Writes both configurations to another folder, which has no `.dev.vars`. Queues deliver at once: no test that uses this
 * is about a delay of a second at every hop.
 * @returns the paths of the copies, the producer's first
 */
export function writeConfigurations(folder: string, entry?: Entry): string[] {
  return writeLocalConfigs(folder).map((file, index) => {
    const text = readFileSync(file, "utf8").replaceAll(/^max_batch_timeout = \d+/gm, "max_batch_timeout = 0");
    writeFileSync(
      file,
      entry === undefined ? text : withEntry(text, entry, path.join(folder, `${index}.ts`)),
    );
    return file;
  });
}

const withEntry = (text: string, entry: Entry, file: string): string =>
  text.replace(/^main = (".+")$/m, (_, main: string) => {
    writeFileSync(file, entry(JSON.parse(main)));
    return `main = ${JSON.stringify(file)}`;
  });
