/** Arguments that several tools have, under the names of the command line's options. */
import { MAX_LIMIT } from "@webhook-gateway/shared/api/page.ts";
import * as v from "valibot";
import type { Query } from "../../src/api/client.ts";
import { EXIT, GatewayError } from "../../src/exit.ts";
import { parseMoment } from "../../src/input/time.ts";

/** Short, because an assistant reads all of it. */
const DEFAULT_LIMIT = 20;
const MAX_TEXT = 400;

/** A text with a description. */
export const text = (description: string) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_TEXT), v.description(description));

export const id = text("its id");

const when = (description: string) =>
  v.optional(text(`${description}: 30m, 6h or 2d ago, or a date and time in UTC`));

/** The arguments of every list. */
export const listArguments = {
  repo: v.optional(text("owner/repo")),
  since: when("not before"),
  until: when("before"),
  limit: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_LIMIT), v.description("how many")),
    DEFAULT_LIMIT,
  ),
  cursor: v.optional(text("the next page: next_cursor of the page before")),
};

/** The arguments of a list as its query. @throws GatewayError for a time in no known form */
export function toQuery<Arguments extends Query>(given: Arguments): Query {
  const { since, until, ...rest } = given;
  return { ...rest, ...moments({ since, until }) };
}

/** Times as the API takes them. @throws GatewayError for one in no known form */
export function moments(given: Query): Record<string, string> {
  const now = new Date();
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const at = parseMoment(String(value), now);
      if (at !== undefined) return [[name, at] as const];
      throw new GatewayError(`${name} must be a time span such as 6h or 2d, or a date and time`, EXIT.usage);
    }),
  );
}
