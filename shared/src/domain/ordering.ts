/**
 * Which head of a subject is the newest, whatever the order in which deliveries arrive.
 *
 * GitHub's `updated_at` has a resolution of one second, so two pushes can share it. Within such a tie the
 * `before`/`after` pairs of the events (here: edges) say which came later.
 */

/** A push from one SHA to the next: `[before, after]`. */
export type PushEdge = readonly [before: string, after: string];

/** What is known of a subject's head. */
export interface KnownHead {
  readonly head: string;
  /** ISO 8601, of the newest event applied. */
  readonly at: string;
  /** Pushes seen whose `updated_at` equals `at`. */
  readonly edges: readonly PushEdge[];
}

/** The head of a subject in one event. */
export interface HeadObservation {
  readonly head: string;
  readonly at: string;
  /** The head before a push; null if the event was not a push. */
  readonly before: string | null;
  /** True for the event that opened the subject: nothing can be older. */
  readonly first: boolean;
}

/** `newer`: the head moves. `same`: it stays, and the event is current. `stale`: the event is older than what is known. */
export interface Placement {
  readonly verdict: "newer" | "same" | "stale";
  readonly known: KnownHead;
}

/** Pushes of one second that are kept; older ones are dropped. */
const MAX_EDGES = 50;

/** Orders an event among those already applied to its subject. */
export function applyObservation(known: KnownHead | undefined, seen: HeadObservation): Placement {
  const edge: readonly PushEdge[] = seen.before === null ? [] : [[seen.before, seen.head]];
  if (known === undefined || seen.at > known.at) {
    const verdict = known?.head === seen.head ? "same" : "newer";
    return { verdict, known: { head: seen.head, at: seen.at, edges: edge } };
  }
  if (seen.at < known.at) return { verdict: "stale", known };

  const tied: KnownHead = { ...known, edges: mergeEdges(known.edges, edge) };
  if (seen.first && seen.head !== known.head) return { verdict: "stale", known: tied };
  const head = newestOf(tied, seen.head);
  if (head !== known.head) return { verdict: "newer", known: { ...tied, head } };
  return { verdict: seen.head === known.head ? "same" : "stale", known: tied };
}

/** The head that the pushes lead to. If those seen so far do not connect the two heads, the later arrival. */
function newestOf(tied: KnownHead, seenHead: string): string {
  const known = follow(tied.edges, tied.head);
  const seen = follow(tied.edges, seenHead);
  if (known === undefined || seen === undefined) return seenHead;
  // A head that a push has replaced says nothing against the known one.
  return seen === seenHead ? seen : known;
}

/** The head at the end of the pushes that start at this one; undefined if they go in a circle. */
function follow(edges: readonly PushEdge[], from: string): string | undefined {
  let head = from;
  for (let steps = 0; steps <= edges.length; steps++) {
    const next = edges.findLast(([before]) => before === head);
    if (next === undefined) return head;
    head = next[1];
  }
  return undefined;
}

function mergeEdges(known: readonly PushEdge[], added: readonly PushEdge[]): readonly PushEdge[] {
  const fresh = added.filter(([b, a]) => !known.some(([kb, ka]) => kb === b && ka === a));
  return [...known, ...fresh].slice(-MAX_EDGES);
}
