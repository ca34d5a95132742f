/**
 * Which head of a subject is the newest, whatever the order in which deliveries arrive.
 *
 * GitHub's `updated_at` has a resolution of one second, so two pushes can share it. Within such a tie the
 * `before`/`after` pairs of the events (here: edges) say which came later.
 */

/** A push from one SHA to the next: `[before, after]`. */
export type Edge = readonly [before: string, after: string];

/** What is known of a subject's head. */
export interface KnownHead {
  readonly head: string;
  /** ISO 8601, of the newest event applied. */
  readonly at: string;
  /** Pushes seen whose `updated_at` equals `at`. */
  readonly edges: readonly Edge[];
}

/** What one event says of a subject's head. */
export interface Sighting {
  readonly head: string;
  readonly at: string;
  /** The head before a push; null where the event was no push. */
  readonly before: string | null;
  /** True for the event that opened the subject: nothing can be older. */
  readonly first: boolean;
}

/** `newer`: the head moves. `same`: it stays, and the event is current. `stale`: the event is older than what is known. */
export interface Placement {
  readonly verdict: "newer" | "same" | "stale";
  readonly known: KnownHead;
}

/** Pushes remembered within one second; beyond this the oldest are forgotten. */
const MAX_EDGES = 50;

/** Places an event among those already applied to its subject. */
export function placeSighting(known: KnownHead | undefined, seen: Sighting): Placement {
  const edge: readonly Edge[] = seen.before === null ? [] : [[seen.before, seen.head]];
  if (known === undefined || seen.at > known.at) {
    const verdict = known?.head === seen.head ? "same" : "newer";
    return { verdict, known: { head: seen.head, at: seen.at, edges: edge } };
  }
  if (seen.at < known.at) return { verdict: "stale", known };

  const tied: KnownHead = { ...known, edges: mergeEdges(known.edges, edge) };
  if (seen.head === known.head) return { verdict: "same", known: tied };
  if (seen.first) return { verdict: "stale", known: tied };
  const head = newestOf(tied, seen.head);
  return { verdict: head === known.head ? "stale" : "newer", known: { ...tied, head } };
}

/** The only head that no push has left behind; where the pushes seen do not say, the later arrival. */
function newestOf(tied: KnownHead, seenHead: string): string {
  const left = new Set(tied.edges.map(([before]) => before));
  const ends = new Set(
    [...tied.edges.map(([, after]) => after), tied.head, seenHead].filter((sha) => !left.has(sha)),
  );
  const [only] = ends;
  if (ends.size === 1 && only !== undefined) return only;
  return left.has(seenHead) && !ends.has(seenHead) && ends.size > 0 ? tied.head : seenHead;
}

function mergeEdges(known: readonly Edge[], added: readonly Edge[]): readonly Edge[] {
  const fresh = added.filter(([b, a]) => !known.some(([kb, ka]) => kb === b && ka === a));
  return [...known, ...fresh].slice(-MAX_EDGES);
}
