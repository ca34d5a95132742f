/** Shell scripts under bubblewrap, without a server around them. */
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { bubblewrap } from "../../src/sandbox/isolation.ts";
import { type ProcessSpec, runProcess } from "../../src/sandbox/process.ts";
import { makeDirectory } from "./repositories.ts";

const PATH = process.env.PATH ?? "/usr/bin:/bin";

const isInstalled = PATH.split(delimiter).some((directory) => existsSync(join(directory, "bwrap")));

/** Only Linux has namespaces. Without bubblewrap, its tests are skipped locally and fail in CI. */
export const hasBubblewrap = process.platform === "linux" && (isInstalled || process.env.CI !== undefined);

let runs = 0;

export type IsolatedRun = Partial<ProcessSpec> & { network?: boolean };

/** A sandbox's directory, and a function that runs scripts in it. */
export function openIsolated() {
  const root = makeDirectory();
  for (const name of ["checkout", "home", "tmp"]) mkdirSync(join(root, name));
  const run = async (script: string, { network = false, ...spec }: IsolatedRun = {}) => {
    runs += 1;
    const { home, tmp, ...wrapped } = bubblewrap(PATH).wrap(script, { root, network });
    const { end, output } = await runProcess({
      ...wrapped,
      env: { PATH, HOME: home, TMPDIR: tmp },
      sandboxId: `isolated-${process.pid}-${runs}`,
      scratchDirectory: root,
      timeoutMs: 60_000,
      limits: {},
      signal: new AbortController().signal,
      ...spec,
    });
    return { end, output: output.text() };
  };
  return { root, run };
}
