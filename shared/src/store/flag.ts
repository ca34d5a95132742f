import * as v from "valibot";

/** A boolean as SQLite stores it: 0 or 1. */
export const flag = v.pipe(
  v.number(),
  v.transform((stored) => stored === 1),
);
