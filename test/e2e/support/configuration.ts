/** The Workers' configuration as tests run it: all that is deployed, but for what would only be waited for. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { writeLocalConfigs } from "../../../tools/local/local-config.ts";

/** Makes the source of an entry that goes before a Worker's own. @param main the path of that */
export type Entry = (main: string) => string;

/**
 * Writes both configurations in another folder, where no `.dev.vars` is. Queues hand on what they have at once: a second
 * at every hop is the subject of no test that uses this.
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
