/** What a command about many rows is about. */
import * as v from "valibot";

/** Ids that one scope may name. */
export const MAX_IDS = 1000;

/** The result of a dry run. */
export const previewOf = <Item extends v.GenericSchema>(item: Item) =>
  v.object({
    dry_run: v.literal(true),
    total: v.number(),
    /** The first few of them. */
    sample: v.array(item),
  });

/** By id, by filter, or all: exactly one of the three. */
export const scopeOf = <Filter extends v.GenericSchema<unknown, object>>(filter: Filter) =>
  v.pipe(
    v.strictObject({
      ids: v.optional(
        v.pipe(v.array(v.pipe(v.string(), v.maxLength(300))), v.minLength(1), v.maxLength(MAX_IDS)),
      ),
      filter: v.optional(
        v.pipe(
          filter,
          v.check((given) => Object.keys(given).length > 0, "ask for all of them by all"),
        ),
      ),
      all: v.optional(v.literal(true)),
    }),
    v.check(
      ({ ids, filter, all }) => [ids, filter, all].filter((one) => one !== undefined).length === 1,
      "exactly one of ids, filter and all",
    ),
  );
