/** Rows as the consumer leaves them. */
import { env } from "cloudflare:workers";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import { repositoryId, seqOf } from "../../support/rows.ts";

type Row = Readonly<Record<string, string | number | null>>;

/** A time in the tests' own hour. */
export const minute = (minutes: number): string =>
  new Date(Date.UTC(2026, 10, 23, 9) + minutes * 60_000).toISOString();

async function insert(table: string, ...rows: readonly Row[]): Promise<void> {
  const statements = rows.map((row) => {
    const names = Object.keys(row);
    const sql = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    return env.DB.prepare(sql).bind(...Object.values(row));
  });
  await env.DB.batch(statements);
}

/** Inserts rows at once. @returns their ids, in the same order */
type InsertAll = (...rows: readonly Row[]) => Promise<string[]>;

const one =
  (insertAll: InsertAll) =>
  async (row: Row = {}): Promise<string> =>
    String((await insertAll(row))[0]);

let repositories = 0;
let runs = 0;

/** A repository that no other test has. */
export const freshRepository = (): string => `octo/widgets-${++repositories}`;

async function validationOf(row: Row) {
  const repository_id = Number(
    row.repository_id ?? (await repositoryId(env.DB, String(row.repository ?? "octo/widgets"))),
  );
  const subject = `pr-${row.pr_number ?? 12}`;
  const given = String(row.head_sha ?? "");
  const head = /^[0-9a-f]+$/.test(given) ? given : "a".repeat(40);
  const run = ++runs;
  const id = String(row.id ?? `${repository_id}-${subject}-${head}-${run}`);
  const finished = !["held", "queued", "dispatching", "pending", "running"].includes(
    String(row.state ?? "queued"),
  );
  return {
    seq: seqOf(String(row.created_at ?? minute(0))),
    id,
    repository_id,
    repository: "octo/widgets",
    subject,
    event: "pull_request",
    pr_number: 12,
    pr_url: "https://github.com/octo/widgets/pull/12",
    clone_url: "https://github.com/octo/widgets.git",
    ref: "topic",
    head_sha: "a".repeat(40),
    base_sha: "b".repeat(40),
    run,
    cause: "opened",
    delivery_id: id,
    state: "queued",
    turn: 1,
    created_at: minute(0),
    updated_at: minute(0),
    finished_at: finished ? minute(1) : null,
    version: 1,
    ...row,
  };
}

export const insertValidations: InsertAll = async (...rows) => {
  const whole = [];
  for (const row of rows) whole.push(await validationOf(row));
  await insert("validations", ...whole);
  await recountTallies(env.DB);
  return whole.map(({ id }) => id);
};

/** @returns its id */
export const insertValidation = one(insertValidations);

async function deliveryOf(row: Row) {
  const id = String(row.id ?? crypto.randomUUID());
  return {
    seq: seqOf(String(row.received_at ?? minute(0))),
    id,
    event: "pull_request",
    action: "opened",
    repository_id: await repositoryId(env.DB, String(row.repository ?? "octo/widgets")),
    repository: "octo/widgets",
    sender: "octocat",
    received_at: minute(0),
    recorded_at: minute(0),
    outcome: "recorded",
    ...row,
  };
}

export const insertDeliveries: InsertAll = async (...rows) => {
  const whole = [];
  for (const row of rows) whole.push(await deliveryOf(row));
  await insert("deliveries", ...whole);
  await recountTallies(env.DB);
  return whole.map(({ id }) => id);
};

/** @returns its GUID */
export const insertDelivery = one(insertDeliveries);

function deadLetterOf(row: Row) {
  const id = String(row.id ?? `dispatch-${crypto.randomUUID()}`);
  return {
    id,
    kind: "dispatch",
    class: "permanent",
    error: "HTTP 422: no",
    attempts: 1,
    first_at: minute(0),
    died_at: minute(0),
    repository: "octo/widgets",
    ...row,
  };
}

export const insertDeadLetters: InsertAll = async (...rows) => {
  const whole = rows.map(deadLetterOf);
  await insert("dead_letters", ...whole);
  return whole.map(({ id }) => id);
};

/** @returns its id */
export const insertDeadLetter = one(insertDeadLetters);

/** @returns its id */
export async function insertReplay(row: Row = {}): Promise<string> {
  const id = String(row.id ?? crypto.randomUUID());
  await insert("replays", {
    id,
    requested_by: "ada",
    requested_at: minute(0),
    scope: '{"all":true}',
    rate: 60,
    total: 1,
    status: "running",
    ...row,
  });
  return id;
}

/** @returns its id */
export async function insertReconcile(row: Row = {}): Promise<string> {
  const id = String(row.id ?? crypto.randomUUID());
  await insert("reconciles", {
    id,
    requested_by: "ada",
    requested_at: minute(0),
    status: "waiting",
    ...row,
  });
  return id;
}

/** A name that a repository has had. */
export const insertName = (name: string, repository_id: number, at: string): Promise<void> =>
  insert("repository_names", { name, repository_id, at });

export async function insertTransition(row: Row): Promise<void> {
  const entry = { at: minute(0), from_state: null, to_state: "queued", reason: "queued", ...row };
  await insert("timeline", entry);
  const { at, reason } = entry;
  if (entry.from_state === "dispatching") await insert("returned_dispatches", { at, reason });
}

export const insertReport = (row: Row): Promise<void> =>
  insert("reports", { state: "queued", status: "due", wanted_at: minute(0), due_at: minute(0), ...row });

/** Writes a setting. */
export const putSetting = (name: string, value: unknown): Promise<unknown> =>
  env.DB.prepare("INSERT OR REPLACE INTO settings (name, value, updated_at) VALUES (?1, ?2, ?3)")
    .bind(name, JSON.stringify(value), minute(0))
    .run();
