/** The dead letters that a command is about. */
import type { DeadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { checkTimes, type TimeOptions } from "./option.ts";

export interface ScopeOptions extends TimeOptions {
  readonly repo?: string;
  readonly event?: string;
  readonly kind?: typeof import("@webhook-gateway/shared/api/dead-letter.ts").DEAD_LETTER_KINDS[number];
  readonly class?: string;
  readonly all?: boolean;
}

/** The limit of the API. */
const MAX_IDS = 1000;
const FILTERS = ["repo", "event", "since", "until", "kind", "class"] as const;

/**
 * The scope that ids and options name.
 * @throws GatewayError if they name none, or more than one
 */
export function deadLetterScope(ids: readonly string[], options: ScopeOptions): DeadLetterScope {
  const filters = FILTERS.filter((name) => options[name] !== undefined);
  const flags = [...filters, ...(options.all === true ? ["all"] : [])].map((name) => `--${name}`);
  const usage = (message: string) => new GatewayError(message, EXIT.usage);
  if (ids.length > 0) {
    if (flags.length > 0) throw usage(`ids and ${flags.join(", ")} exclude each other`);
    const distinct = [...new Set(ids)];
    if (distinct.length > MAX_IDS) throw usage(`more than ${MAX_IDS} ids: use a filter, or several commands`);
    return { ids: distinct };
  }
  if (options.all === true) {
    if (filters.length > 0)
      throw usage(`${flags.join(", ")} exclude each other: a filter alone selects what matches it`);
    return { all: true };
  }
  if (filters.length === 0)
    throw usage("which dead letters? Name their ids, a filter (--repo, --kind, …) or --all");
  checkTimes(options);
  const filter = Object.fromEntries(filters.map((name) => [name, options[name]]));
  return { filter };
}
