/**
 * What reconciles and audits share: an operator asks for one, or it is made by itself. It can be interrupted, and goes on
 * where it was. One whose consumer crashed is claimed again.
 */
import * as v from "valibot";
import { insertAction } from "../operator-action.ts";
import { type Page, selectPage } from "../read/page.ts";

type Row<Output> = v.GenericSchema<unknown, Output> & { readonly entries: object };

interface SearchTable<Item, Claimed, Result> {
  readonly table: "reconciles" | "audits";
  readonly action: "reconcile" | "audit";
  /** The column of what is searched. */
  readonly scope: string;
  /** What it counts. A search that goes on adds to it. */
  readonly counts: readonly (keyof Result & string)[];
  /** What else it finds, as JSON. */
  readonly lists: readonly (keyof Result & string)[];
  readonly item: Row<Item>;
  readonly claimed: Row<Claimed>;
}

/** Who asks for a search. */
export interface SearchRequest {
  readonly id: string;
  readonly requested_by: string;
  readonly dry_run: boolean;
}

/** How a search ended, or was interrupted. */
export interface SearchEnd<Position> {
  readonly status: "done" | "failed" | "running";
  readonly error: string | null;
  /** Of `running`: where it goes on (null: at the beginning), and not before which time. */
  readonly position: Position | null;
  readonly until: string | null;
}

/** The statements of one table. */
export function searches<
  Item extends { readonly requested_at: string; readonly id: string },
  Claimed extends { readonly position: unknown },
  Result extends object,
>({ table, action, scope, counts, lists, item, claimed }: SearchTable<Item, Claimed, Result>) {
  const select = `SELECT ${columnsOf(item).map((column) => `s.${column}`)} FROM ${table} s`;
  const results = [...counts, ...lists];
  const insert = `
    INSERT INTO ${table} (id, requested_by, requested_at, ${scope}, dry_run, status)
    VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')`;
  const claim = `
    UPDATE ${table} SET status = 'running', lease_until = ?2 WHERE id = (
      SELECT id FROM ${table} WHERE status = 'waiting' OR (status = 'running' AND coalesce(lease_until, '') <= ?1)
      ORDER BY requested_at LIMIT 1)
    RETURNING ${columnsOf(claimed)}`;
  const settle = `
    UPDATE ${table} SET
      ${counts.map((count) => `${count} = ${count} + (?3->>'${count}'),`).join(" ")}
      ${lists.map((list) => `${list} = ?3->'${list}',`).join(" ")}
      status = ?2, error = ?4, position = ?5, lease_until = ?6, finished_at = ?7
    WHERE id = ?1`;
  const insertFound = `
    INSERT INTO ${table} (id, requested_by, requested_at, finished_at, status, error, ${results})
    SELECT ?1, 'gateway', ?2, ?2, iif(?3 IS NULL, 'done', 'failed'), ?3,
           ${[...counts.map((count) => `?4->>'${count}'`), ...lists.map((list) => `?4->'${list}'`)]}`;
  return {
    /** Asks for a search, in one transaction with the row that says who did. */
    async insert(
      db: D1Database,
      { id, requested_by: actor, dry_run }: SearchRequest,
      given: { readonly scope: string | null; readonly reason: string | null },
      now: string,
    ): Promise<void> {
      const asked = {
        id,
        at: now,
        actor,
        action,
        target: id,
        reason: given.reason,
        outcome: "done",
      } as const;
      await db.batch([
        db.prepare(insert).bind(id, actor, now, given.scope, dry_run ? 1 : 0),
        insertAction(db, asked),
      ]);
    },
    /** The latest first. */
    list: (
      db: D1Database,
      { limit, cursor }: { readonly limit?: string | undefined; readonly cursor?: string | undefined },
    ): Promise<Page<Item>> =>
      selectPage(db, {
        ...{ list: table, select, conditions: [], schema: item, limit, cursor },
        order: ["s.requested_at", "s.id"],
        keyOf: ({ requested_at, id }) => [requested_at, id],
      }),
    async load(db: D1Database, id: string): Promise<Item | undefined> {
      const row = await db.prepare(`${select} WHERE s.id = ?1`).bind(id).first();
      return row === null ? undefined : v.parse(item, row);
    },
    /** Claims the one that has waited longest. */
    async claim(db: D1Database, now: string, leaseUntil: string): Promise<Claimed | undefined> {
      const row = await db.prepare(claim).bind(now, leaseUntil).first();
      return row === null ? undefined : v.parse(claimed, row);
    },
    /** Ends a search, or interrupts it. What it counted before is added. */
    async settle(
      db: D1Database,
      id: string,
      result: Result,
      { status, error, position, until }: SearchEnd<NonNullable<Claimed["position"]>>,
      now: string,
    ): Promise<void> {
      const place = position === null ? null : JSON.stringify(position);
      const end = [place, until, status === "running" ? null : now];
      await db
        .prepare(settle)
        .bind(id, status, JSON.stringify(result), error, ...end)
        .run();
    },
    /** Stores what a search found that nobody asked for. */
    async insertFound(db: D1Database, id: string, result: Result, error: string | null, now: string) {
      await db.prepare(insertFound).bind(id, now, error, JSON.stringify(result)).run();
    },
  };
}

const columnsOf = ({ entries }: Row<unknown>): string[] => Object.keys(entries);
