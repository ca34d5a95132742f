/** Lists of the operator API: one page at a time, newest first unless a list says otherwise. */
import * as v from "valibot";

export const MAX_LIMIT = 200;
export const DEFAULT_LIMIT = 50;

/** One page of items. */
export const pageOf = <Item extends v.GenericSchema>(item: Item) =>
  v.object({
    items: v.array(item),
    /** Opaque; null on the last page. */
    next_cursor: v.nullable(v.string()),
  });

/** ISO 8601, UTC, with milliseconds. */
export const time = v.pipe(v.string(), v.isoTimestamp());

/** A day, or a time of day; in UTC if it has no zone. */
const queryTime = v.pipe(
  v.string(),
  // `Date.parse` accepts nearly anything.
  v.regex(/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/),
  v.check((text) => !Number.isNaN(Date.parse(text)), "not a time"),
);

/** The parameters of every list. */
export const pageQuery = {
  /** From 1 to {@link MAX_LIMIT}. */
  limit: v.optional(v.pipe(v.string(), v.regex(/^(?:[1-9]\d?|1\d\d|200)$/))),
  cursor: v.optional(v.pipe(v.string(), v.maxLength(500))),
};

/** The time filters of a list. */
export const timeQuery = { since: v.optional(queryTime), until: v.optional(queryTime) };

export const repo = v.optional(v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/)));
