/** What a command about many rows is about: ids, filters, or all. */
import { MAX_IDS } from "@webhook-gateway/shared/api/scope.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { checkTimes, type TimeOptions } from "./option.ts";

/** Exactly one of the three. */
export interface Scope<Filter> {
  readonly ids?: string[];
  readonly filter?: Filter;
  readonly all?: true;
}

/**
 * The scope that ids and options name.
 * @param what they are, for messages
 * @param filters the options that are filters
 * @throws GatewayError if they name none, or more than one
 */
export function readScope<
  Options extends TimeOptions & { readonly all?: boolean },
  Name extends keyof Options & string,
>(
  what: string,
  ids: readonly string[],
  options: Options,
  filters: readonly Name[],
): Scope<Pick<Options, Name>> {
  const given = filters.filter((name) => options[name] !== undefined);
  const flags = [...given, ...(options.all === true ? ["all"] : [])].map((name) => `--${name}`);
  const usage = (message: string) => new GatewayError(message, EXIT.usage);
  if (ids.length > 0) {
    if (flags.length > 0) throw usage(`ids and ${flags.join(", ")} exclude each other`);
    const distinct = [...new Set(ids)];
    if (distinct.length > MAX_IDS) throw usage(`more than ${MAX_IDS} ids: use a filter, or several commands`);
    return { ids: distinct };
  }
  if (options.all === true) {
    if (given.length > 0)
      throw usage(`${flags.join(", ")} exclude each other: a filter alone selects what matches it`);
    return { all: true };
  }
  if (given.length === 0) {
    const some = filters.slice(0, 2).map((name) => `--${name}`);
    throw usage(`which ${what}? Name their ids, a filter (${some.join(", ")}, …) or --all`);
  }
  checkTimes(options);
  return { filter: Object.fromEntries(given.map((name) => [name, options[name]])) as Pick<Options, Name> };
}
