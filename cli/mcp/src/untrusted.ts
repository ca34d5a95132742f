/**
 * Text from outside (titles, refs, logins, errors, the output of steps) in what an assistant reads. It is data: each such
 * text is the value of a field `untrusted`, so that nobody takes it for words of the gateway.
 */

/** The fields of the operator API that only the gateway itself writes. What is not listed counts as text from outside. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...["id", "validation_id", "delivery_id", "replay_id", "next_cursor"],
  ...["kind", "class", "event", "lane", "outcome", "state", "status", "step", "conclusion"],
  ...["from_state", "to_state", "posted_state", "service", "version", "environment", "error_code"],
]);

/** A time, or a SHA: such a text says nothing. */
const SAYS_NOTHING = /^(?:\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z|[0-9a-f]{40}|[0-9a-f]{64})$/;

/** At most two words: none of these fields holds a sentence. */
const OWN_TEXT = /^[\w.:+/=-]+(?: \w+)?$/;

/** A value that comes from outside as a whole. */
export class Untrusted {
  readonly untrusted: unknown;

  constructor(value: unknown) {
    this.untrusted = value;
  }
}

/** The value with all text from outside marked. The keys of its objects must be the gateway's own. */
export function markUntrusted(value: unknown, field = ""): unknown {
  if (value instanceof Untrusted) return value;
  if (typeof value === "string") {
    const isOwn = OWN_FIELDS.has(field) && OWN_TEXT.test(value);
    return isOwn || SAYS_NOTHING.test(value) ? value : new Untrusted(value);
  }
  if (Array.isArray(value)) return value.map((item) => markUntrusted(item, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, markUntrusted(item, key)]));
}
