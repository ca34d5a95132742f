/** What every `list` command does. */
import type { Command } from "commander";
import type { Query } from "../api/client.ts";
import type { OperatorApi } from "../api/operator-api.ts";
import { openSession } from "../api/session.ts";
import { listQuery, type PageOptions } from "../input/option.ts";
import { type Page, printPage } from "../output/page.ts";
import type { Column } from "../output/table.ts";

/** A filter that few rows meet: the gateway looks at 10,000 rows a request, and its pages can be short. */
const MAX_REQUESTS = 100;

/**
 * Makes the action of a `list` command, which prints one page. If the gateway's page is short, it is filled from those
 * behind it.
 * @param nothing printed if nothing matches
 */
export const listAction =
  <Item>(
    load: (api: OperatorApi, query: Query) => Promise<Page<Item>>,
    columns: (now: Date) => readonly Column<Item>[],
    nothing: string,
  ) =>
  async (options: PageOptions, command: Command): Promise<void> => {
    const query = listQuery(options);
    const session = await openSession(command);
    let page = await load(session.api, query);
    for (let requests = 1; requests < MAX_REQUESTS; requests++) {
      const { items, next_cursor: cursor } = page;
      const limit = options.limit - items.length;
      if (cursor === null || limit <= 0) break;
      const next = await load(session.api, { ...query, cursor, limit: String(limit) });
      page = { ...next, items: [...items, ...next.items] };
    }
    printPage(session.json, page, columns(new Date()), nothing);
  };
