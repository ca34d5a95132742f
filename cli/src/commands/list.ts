/** What every `list` command does. */
import type { Command } from "commander";
import type { Query } from "../api/client.ts";
import type { OperatorApi } from "../api/operator-api.ts";
import { openSession } from "../api/session.ts";
import { listQuery, type PageOptions } from "../input/option.ts";
import { type Page, printPage } from "../output/page.ts";
import type { Column } from "../output/table.ts";

/**
 * Makes the action of a `list` command, which prints one page.
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
    printPage(session.json, await load(session.api, query), columns(new Date()), nothing);
  };
