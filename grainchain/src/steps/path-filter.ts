import picomatch from "picomatch";
import type { PathFilter } from "./steps-file.ts";

/** Globs match names that begin with a dot too: `**` means every file. */
const matcher = (globs: readonly string[]) => picomatch([...globs], { dot: true });

/**
 * Says why a change needs no run.
 * @param changed the paths of the files that it changes
 * @returns undefined if it needs one, as one does that changes no file
 */
export function reasonToSkip(
  { paths, pathsIgnore }: PathFilter,
  changed: readonly string[],
): string | undefined {
  if (changed.length === 0) return undefined;
  const isWanted = paths === undefined ? () => true : matcher(paths);
  const isIgnored = pathsIgnore === undefined ? () => false : matcher(pathsIgnore);
  if (changed.some((path) => isWanted(path) && !isIgnored(path))) return undefined;
  return paths === undefined
    ? "every changed file matches `paths_ignore`"
    : "no changed file matches `paths`" +
        (pathsIgnore === undefined ? "" : " without matching `paths_ignore`");
}
