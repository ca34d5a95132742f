/** What people look at: pages of the dashboard, the operator API and a repository's status. */
import type { D1Database } from "@cloudflare/workers-types";
import { parseTraceQuestion } from "@webhook-gateway/shared/domain/trace-question.ts";
import { listDeadLetters } from "@webhook-gateway/shared/store/read/dead-letter-list.ts";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { loadOverview } from "@webhook-gateway/shared/store/read/overview.ts";
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import { loadTraceRows } from "@webhook-gateway/shared/store/read/trace-rows.ts";
import { listValidations } from "@webhook-gateway/shared/store/read/validation-list.ts";
import { HOT } from "./fill.ts";
import type { Given, Operation } from "./operations.ts";

const DAY_MS = 24 * 3_600_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

/** A page that asks for something which is looked up first. */
const pageAbout = <Subject>(
  name: string,
  find: (bare: D1Database) => Promise<Subject>,
  read: (db: D1Database, subject: Subject) => Promise<unknown>,
  grows?: string,
): Operation => ({
  name,
  per: "page",
  runs: 3,
  prepare: async ({ db, bare }: Given) => {
    const subject = await find(bare);
    return () => read(db, subject).then(() => 1);
  },
  ...(grows === undefined ? {} : { grows }),
});

const page = (name: string, read: (db: D1Database) => Promise<unknown>, grows?: string): Operation =>
  pageAbout(name, async () => undefined, read, grows);

/** A delivery from the middle of the history. */
async function someDelivery(bare: D1Database) {
  const row = await bare
    .prepare(
      `SELECT d.id, v.id AS validation, v.head_sha, v.repository, v.pr_number
       FROM deliveries d JOIN validations v ON v.id = d.validation_id WHERE d.received_at > ?1
       ORDER BY d.received_at LIMIT 1`,
    )
    .bind(ago(7 * DAY_MS))
    .first<{ id: string; validation: string; head_sha: string; repository: string; pr_number: number }>();
  if (row === null) throw new Error("there is no delivery a week old");
  return row;
}
type SomeDelivery = Awaited<ReturnType<typeof someDelivery>>;

const trace = (of: string, textOf: (delivery: SomeDelivery) => string): Operation =>
  pageAbout(`trace of a ${of}`, someDelivery, async (db, delivery) => {
    const question = parseTraceQuestion(textOf(delivery));
    if (question === undefined) throw new Error(`no question: ${textOf(delivery)}`);
    const { validations } = await loadTraceRows(db, question);
    if (validations.length === 0) throw new Error(`nothing is known of the ${of}`);
  });

const cursorBefore = (list: typeof listDeliveries | typeof listValidations) => async (bare: D1Database) => {
  const { next_cursor } = await list(bare, { until: ago(13 * DAY_MS), limit: "50" });
  if (next_cursor === null) throw new Error("there is no page after");
  return next_cursor;
};

const ONE = "bench/repository-7";

export const PAGES: readonly Operation[] = [
  page("status of a repository (0.1 % of all)", (db) => loadProjectStatus(db, ONE)),
  page(
    "status of the largest repository (20 % of all)",
    (db) => loadProjectStatus(db, HOT),
    "counts what of the repository waits, which is a fifth of a waiting room that grows with the history",
  ),
  page(
    "overview",
    (db) => loadOverview(db, new Date()),
    "reads a count for each minute of the day and each state in which something ended: 14,400 at most",
  ),
  trace("delivery", ({ id }) => id),
  trace("validation", ({ validation }) => validation),
  trace("commit", ({ head_sha }) => head_sha),
  trace("pull request", ({ repository, pr_number }) => `${repository}#${pr_number}`),
  page("deliveries, first page", (db) => listDeliveries(db, { limit: "50" })),
  pageAbout("deliveries, a page 13 days back", cursorBefore(listDeliveries), (db, cursor) =>
    listDeliveries(db, { limit: "50", cursor }),
  ),
  page("deliveries of a repository", (db) => listDeliveries(db, { limit: "50", repo: ONE })),
  page("validations, first page", (db) => listValidations(db, { limit: "50" })),
  pageAbout("validations, a page 13 days back", cursorBefore(listValidations), (db, cursor) =>
    listValidations(db, { limit: "50", cursor }),
  ),
  page("validations that failed", (db) => listValidations(db, { limit: "50", state: "failed" })),
  page("validations of a repository that completed", (db) =>
    listValidations(db, { limit: "50", repo: ONE, state: "completed" }),
  ),
  page("dead letters", (db) => listDeadLetters(db, { limit: "50", state: "discarded" })),
];
