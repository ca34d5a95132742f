/**
 * Recovery of deliveries that never arrived. GitHub does not deliver again by itself, but lists what it sent. That list
 * is compared with what is recorded. What is missing is fetched and recorded as if it had arrived.
 */

import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { isIgnored, routeDelivery } from "@webhook-gateway/shared/routing/routing.ts";
import type { RoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { NO_COUNTS, type ReconcileCounts } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { loadAccountedFor, storeDeliveryTimes } from "@webhook-gateway/shared/store/maintain/recovery.ts";
import { type RecordDeps, recordFacts } from "../record/record.ts";
import { type HookDelivery, type HookDeps, openHook } from "./hook-deliveries.ts";

export interface ReconcileDeps extends HookDeps {
  readonly db: D1Database;
  readonly record: RecordDeps;
  readonly routing: RoutingPolicy;
}

/** A part of a hook's list, newest first. */
export interface Scan {
  /** Only deliveries that failed: few, whatever the traffic. */
  readonly failed: boolean;
  /** Of `delivered_at`, both included. */
  readonly from: string;
  readonly to: string;
  /** Where to continue; null: at the newest. */
  readonly cursor: string | null;
}

export interface ScanOptions {
  readonly dryRun: boolean;
  /** After this many pages the rest is left for the next time. */
  readonly maxPages: number;
  /** Ids and GUIDs of deliveries that were checked already. More are added. */
  readonly seen: Set<string>;
}

export interface Scanned {
  readonly counts: ReconcileCounts;
  /** Nothing of it is left. */
  readonly ended: boolean;
  /** Where to continue; null: at the newest. */
  readonly next: string | null;
  /** What ended it early: {@link HookError} if GitHub cannot be asked, or whatever D1 throws. */
  readonly thrown?: unknown;
}

/** Payloads that are fetched before they are recorded. A limit in their midst wastes no more. */
const PAYLOADS_AT_ONCE = 20;

/** Works through a scan, page by page. Missing deliveries of a page are recorded before the next page is read. */
export async function scanHook(
  deps: ReconcileDeps,
  hook: Hook,
  scan: Scan,
  options: ScanOptions,
): Promise<Scanned> {
  const { seen } = options;
  const cursors = new Set<string>();
  let counts = NO_COUNTS;
  let cursor = scan.cursor;
  const add = (more: Partial<ReconcileCounts>): void => {
    counts = addCounts(counts, { ...NO_COUNTS, ...more });
  };
  try {
    const client = await openHook(deps, hook);
    for (let page = 0; page < options.maxPages; page++) {
      const { deliveries, next } = await client.list(scan.failed, cursor);
      const fresh = deliveries.filter(
        ({ id, delivered_at }) => delivered_at >= scan.from && delivered_at <= scan.to && !seen.has(id),
      );
      await recoverPage(deps, client, fresh, options, add);
      for (const { id } of fresh) seen.add(id);
      add({ listed: fresh.length });
      const older = deliveries.some(({ delivered_at }) => delivered_at < scan.from);
      // A list whose cursor comes back to itself would never end.
      const ended = older || deliveries.length === 0 || next === null || cursors.has(next);
      if (ended) return { counts, ended, next: null };
      cursors.add(next);
      cursor = next;
    }
    return { counts, ended: false, next: cursor };
  } catch (thrown) {
    return { counts, ended: false, next: cursor, thrown };
  }
}

type Client = Awaited<ReturnType<typeof openHook>>;

async function recoverPage(
  deps: ReconcileDeps,
  client: Client,
  deliveries: readonly HookDelivery[],
  { dryRun, seen }: ScanOptions,
  add: (more: Partial<ReconcileCounts>) => void,
): Promise<void> {
  if (deliveries.length === 0) return;
  const accounted = await loadAccountedFor(
    deps.db,
    deliveries.map(({ guid }) => guid),
  );
  const recorded = deliveries.filter(({ guid }) => accounted.has(guid));
  if (!dryRun && recorded.length > 0) await storeDeliveryTimes(deps.db, recorded);
  const suspects = distinct(deliveries).filter(
    (one) => !accounted.has(one.guid) && !seen.has(one.guid) && mayBeMissing(one),
  );
  for (let at = 0; at < suspects.length; at += PAYLOADS_AT_ONCE) {
    const part = suspects.slice(at, at + PAYLOADS_AT_ONCE);
    await recoverSome(deps, client, part, dryRun, add);
    for (const { guid } of part) seen.add(guid);
  }
}

async function recoverSome(
  deps: ReconcileDeps,
  client: Client,
  suspects: readonly HookDelivery[],
  dryRun: boolean,
  add: (more: Partial<ReconcileCounts>) => void,
): Promise<void> {
  const payloads = await client.payloads(suspects.map(({ id }) => id));
  const gone = suspects.filter((_, index) => payloads[index] === null);
  const routed = await Promise.all(
    suspects.map((one, index) => factOf(deps.routing, one, payloads[index] ?? null)),
  );
  const facts = routed.filter((fact) => fact !== undefined);
  if (dryRun) return add({ missing: facts.length + gone.length });
  if (facts.length > 0) await recordFacts(deps.record, facts);
  for (const { id, event, recovery } of facts) {
    const fields = { delivery_id: id, github_event: event, delivered_at: recovery?.delivered_at };
    deps.log.warn("delivery.recovered", fields);
  }
  add({ missing: facts.length, recovered: facts.length });
  if (gone.length > 0) add(await redeliver(deps, client, gone));
}

async function redeliver({ log }: ReconcileDeps, client: Client, gone: readonly HookDelivery[]) {
  const refusals = await client.redeliver(gone.map(({ id }) => id));
  gone.forEach(({ guid, event }, index) => {
    const error = refusals[index];
    const fields = { delivery_id: guid, github_event: event };
    if (typeof error === "string") log.error("delivery.lost", { ...fields, error });
    else log.warn("delivery.redelivered", fields);
  });
  return { missing: gone.length, redelivered: refusals.filter((error) => error === null).length };
}

/** A delivery that the gateway answered with 200 was ignored, unless its name says that it would have been recorded. */
const IGNORED_BY_CONTENT = ["issue_comment created", "pull_request edited"];

/** Whether a delivery without a row should have one, judging by its name and its answer. */
export function mayBeMissing({ event, action, status_code }: HookDelivery): boolean {
  if (isIgnored(event, action)) return false;
  return !(status_code === 200 && IGNORED_BY_CONTENT.includes(`${event} ${action}`));
}

/** The fact of a payload; undefined if it is ignored, or there is no payload. */
async function factOf(
  policy: RoutingPolicy,
  { guid, event, delivered_at, throttled_at }: HookDelivery,
  payload: Readonly<Record<string, unknown>> | null,
): Promise<DeliveryFact | undefined> {
  if (payload === null) return undefined;
  const route = await routeDelivery({ id: guid, event, received_at: delivered_at }, payload, policy);
  if (route.kind !== "recorded") return undefined;
  return { ...route.fact, recovery: { delivered_at, throttled_at } };
}

/** One of several attempts is enough. */
const distinct = (deliveries: readonly HookDelivery[]): HookDelivery[] => [
  ...new Map(deliveries.map((one) => [one.guid, one])).values(),
];

export const addCounts = (a: ReconcileCounts, b: ReconcileCounts): ReconcileCounts => ({
  listed: a.listed + b.listed,
  missing: a.missing + b.missing,
  recovered: a.recovered + b.recovered,
  redelivered: a.redelivered + b.redelivered,
});
