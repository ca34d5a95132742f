/** What pnpm-lock.yaml says of the packages that run. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { parse } from "yaml";
import { leftOutOf } from "../../bootstrap/package-set.mjs";

interface Locked {
  readonly importers: Readonly<Record<string, { readonly dependencies?: Dependencies }>>;
  readonly snapshots: Readonly<
    Record<string, { readonly dependencies?: Versions; readonly optionalDependencies?: Versions }>
  >;
}
type Dependencies = Readonly<Record<string, { readonly version: string }>>;
type Versions = Readonly<Record<string, string>>;

/**
 * Every package that a production install brings, `name@version` and what it is bound to.
 * @param folders of the workspace; without them all that it has
 */
export function lockedPackages(folders?: readonly string[]): string[] {
  const { importers, snapshots }: Locked = parse(readFileSync(path.join(ROOT, "pnpm-lock.yaml"), "utf8"));
  const found = new Set<string>();
  const visit = (name: string, version: string): void => {
    const key = snapshots[version] === undefined ? `${name}@${version}` : version;
    if (version.startsWith("link:") || found.has(key)) return;
    found.add(key);
    const { dependencies = {}, optionalDependencies = {} } = snapshots[key] ?? {};
    for (const [child, at] of Object.entries({ ...dependencies, ...optionalDependencies })) {
      // A peer that is there for the tests is not installed without them.
      if (!child.startsWith("@types/")) visit(child, at);
    }
  };
  const leftOut = leftOutOf("production");
  const installed = Object.keys(importers).filter((folder) => !leftOut.includes(path.basename(folder)));
  for (const folder of folders ?? installed)
    for (const [name, { version }] of Object.entries(importers[folder]?.dependencies ?? {}))
      visit(name, version);
  return [...found];
}
