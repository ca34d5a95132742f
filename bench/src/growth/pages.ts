/** What people look at: pages of the dashboard, the operator API and a repository's status. */
import type { D1Database } from "@cloudflare/workers-types";
import { parseTraceQuestion } from "@webhook-gateway/shared/domain/trace/question.ts";
import { listDeadLetters } from "@webhook-gateway/shared/store/read/dead-letter-list.ts";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { loadOverview } from "@webhook-gateway/shared/store/read/overview.ts";
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import { loadTraceRows } from "@webhook-gateway/shared/store/read/trace-rows.ts";
import { listValidations } from "@webhook-gateway/shared/store/read/validation-list.ts";
import { daysAgo, HOT } from "./fill.ts";
import type { Activity } from "./measure.ts";

const page = (name: string, read: (db: D1Database) => Promise<unknown>, grows?: string): Activity => ({
  name,
  per: "page",
  grows,
  prepare:
    async ({ db }) =>
    () =>
      read(db),
});

interface Delivery {
  readonly id: string;
  readonly repository: string;
  readonly pr_number: number;
}

/** Of a delivery from the middle of the history. */
const trace = (of: string, textOf: (delivery: Delivery) => string): Activity => ({
  name: `trace of a ${of}`,
  per: "page",
  prepare: async ({ db, bare }) => {
    const delivery = await bare
      .prepare(
        `SELECT d.id, v.repository, v.pr_number FROM deliveries d JOIN validations v ON v.id = d.validation_id
         WHERE d.received_at > ?1 ORDER BY d.received_at LIMIT 1`,
      )
      .bind(daysAgo(7))
      .first<Delivery>();
    const question = delivery === null ? undefined : parseTraceQuestion(textOf(delivery));
    if (question === undefined) throw new Error("there is no delivery a week old");
    return () => loadTraceRows(db, question, new Date().toISOString());
  },
});

const pageBack = (name: string, list: typeof listDeliveries | typeof listValidations): Activity => ({
  name: `${name}, a page 13 days back`,
  per: "page",
  prepare: async ({ db, bare }) => {
    const { next_cursor } = await list(bare, { until: daysAgo(13), limit: "50" });
    if (next_cursor === null) throw new Error("there is no next page");
    return () => list(db, { limit: "50", cursor: next_cursor });
  },
});

const ONE = "bench/repository-7";

export const PAGES: readonly Activity[] = [
  page("status of a repository (0.1 % of all)", (db) => loadProjectStatus(db, ONE)),
  page(
    "status of the largest repository (20 % of all)",
    (db) => loadProjectStatus(db, HOT),
    "counts what of the repository waits: a fifth of a backlog that grows with the history",
  ),
  page(
    "overview",
    (db) => loadOverview(db, new Date()),
    "reads a count for each minute of the day and each state in which something ended: 14,400 at most",
  ),
  trace("delivery", ({ id }) => id),
  trace("pull request", ({ repository, pr_number }) => `${repository}#${pr_number}`),
  page("deliveries, first page", (db) => listDeliveries(db, { limit: "50" })),
  pageBack("deliveries", listDeliveries),
  pageBack("validations", listValidations),
  page("validations of a repository that completed", (db) =>
    listValidations(db, { limit: "50", repo: ONE, state: "completed" }),
  ),
  page("dead letters", (db) => listDeadLetters(db, { limit: "50", state: "discarded" })),
];
