/**
 * Counts what the aliases of a YAML document stand for before they are followed: a few lines of aliases to aliases could
 * otherwise fill the memory, or keep the server busy for minutes.
 */
import { type Alias, type Document, isAlias, isCollection, isNode, isPair } from "yaml";

/** A file has at most 50 steps of three keys. */
const MAX_ALIASES = 200;
/** Nodes that all aliases together stand for. */
const MAX_ALIASED_NODES = 10_000;

export interface AliasMistake {
  readonly alias: Alias;
  readonly message: string;
}

/** The first alias that must not be followed; undefined if all may be. */
export function findAliasMistake(document: Document): AliasMistake | undefined {
  /** By anchor, the number of nodes that it stands for; null while they are counted. */
  const sizes = new Map<string, number | null>();
  let aliases = 0;
  let aliased = 0;
  let mistake: AliasMistake | undefined;

  function sizeOf(node: unknown): number {
    if (mistake !== undefined) return 0;
    if (isPair(node)) return sizeOf(node.key) + sizeOf(node.value);
    if (isAlias(node)) return follow(node);
    const anchor = isNode(node) && "anchor" in node ? node.anchor : undefined;
    if (anchor !== undefined) sizes.set(anchor, null);
    const size =
      1 + (isCollection(node) ? node.items.reduce<number>((sum, item) => sum + sizeOf(item), 0) : 0);
    if (anchor !== undefined) sizes.set(anchor, size);
    return size;
  }

  function follow(alias: Alias): number {
    const size = sizes.get(alias.source);
    aliases++;
    aliased += size ?? 0;
    const message = mistakeOf(alias, size, aliases > MAX_ALIASES || aliased > MAX_ALIASED_NODES);
    if (message !== undefined) mistake = { alias, message };
    return size ?? 0;
  }

  sizeOf(document.contents);
  return mistake;
}

function mistakeOf({ source }: Alias, size: number | null | undefined, tooMany: boolean): string | undefined {
  if (size === undefined) return `the alias *${source} has no anchor before it`;
  if (size === null) return `the alias *${source} is inside its own anchor`;
  return tooMany ? "aliases would make this file too large" : undefined;
}
