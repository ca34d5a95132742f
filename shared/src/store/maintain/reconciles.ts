/** Searches for deliveries that never arrived: those that operators ask for, and the automatic ones. */
import * as v from "valibot";
import { type ReconcileItem, reconcileItem } from "../../api/reconcile.ts";
import { flag } from "../flag.ts";
import { type SearchRequest, searches } from "./searches.ts";

/** What one search did. */
export interface ReconcileCounts {
  /** Deliveries that GitHub listed. */
  readonly listed: number;
  /** Of those: never recorded, although they should have been. */
  readonly missing: number;
  readonly recovered: number;
  /** GitHub no longer gives their payload, and was asked to deliver them again. */
  readonly redelivered: number;
}

export const NO_COUNTS: ReconcileCounts = { listed: 0, missing: 0, recovered: 0, redelivered: 0 };

const position = v.object({
  /** The hook's name. Those before it are done. */
  hook: v.string(),
  /** Of its list; null: at the newest. */
  cursor: v.nullable(v.string()),
  /** What has failed before it. */
  error: v.nullable(v.string()),
});

/** Where a search goes on. */
export type Position = v.InferOutput<typeof position>;

const claimedRow = v.object({
  id: v.string(),
  since: v.nullable(v.string()),
  dry_run: flag,
  /** Null: at the beginning. */
  position: v.nullable(v.pipe(v.string(), v.parseJson(), position)),
});
export type ClaimedReconcile = v.InferOutput<typeof claimedRow>;

const reconciles = searches<ReconcileItem, ClaimedReconcile, ReconcileCounts>({
  table: "reconciles",
  action: "reconcile",
  scope: "since",
  counts: ["listed", "missing", "recovered", "redelivered"],
  lists: [],
  item: v.object({ ...reconcileItem.entries, dry_run: flag }),
  claimed: claimedRow,
});

/** Asks for a search. @param request its `since`; null: as far back as GitHub keeps deliveries */
export const insertReconcile = (
  db: D1Database,
  request: SearchRequest & { readonly since: string | null },
  now: string,
): Promise<void> =>
  reconciles.insert(db, request, { scope: request.since, reason: request.dry_run ? "dry run" : null }, now);

export const {
  list: listReconciles,
  load: loadReconcile,
  claim: claimReconcile,
  settle: settleReconcile,
  insertFound: insertFoundReconcile,
} = reconciles;
