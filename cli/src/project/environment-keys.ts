/** The keys in which the configuration files differ from their source, named as `vars.GITHUB_BUDGET of staging in <file>`. */
import { GENERATED, generateFiles, readEnvironments, readText, SOURCE } from "./environments.ts";
import { isExample } from "./project.ts";

/** A key with its value. */
type Entry = readonly [key: string, value: unknown];

/** The keys that do not have the same value in both. @throws GatewayError */
export const differingKeys = (dir: string): string[] =>
  generateFiles(dir, readText(dir, SOURCE)).flatMap(({ file, before, text }) => {
    const [generated = ""] = GENERATED.exec(text) ?? [];
    const differing = [...entriesOnlyIn(before, file, generated), ...entriesOnlyIn(generated, file, before)];
    return [...new Set(differing.map(([key]) => key))];
  });

/**
 * The keys that generating would lose: somebody has set them in the configuration files. Example addresses do not count.
 * @param committed an earlier source: what was generated from it is not lost
 * @throws GatewayError
 */
export function lostKeys(dir: string, source: string, committed: string): string[] {
  const earlier = generateFiles(dir, committed);
  return generateFiles(dir, source).flatMap(({ file, before, text }, worker) =>
    entriesOnlyIn(before, file, text, earlier[worker]?.text)
      .filter(([, value]) => !isExample(String(value)))
      .map(([key]) => key),
  );
}

/** Those that have another value in all other texts. */
function entriesOnlyIn(toml: string, file: string, ...others: (string | undefined)[]): Entry[] {
  const known = others.map((other = "") => new Map(entriesIn(file, other)));
  return entriesIn(file, toml).filter(([key, value]) => !known.some((entries) => entries.get(key) === value));
}

const entriesIn = (file: string, toml: string): Entry[] =>
  Object.entries(readEnvironments(file, toml)).flatMap(([name, environment]) =>
    leavesOf(environment, `of ${name} in ${file}`),
  );

const leavesOf = (value: unknown, place: string, ...keys: string[]): Entry[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, place, ...keys, key))
    : [[`${keys.join(".")} ${place}`, value]];
