/**
 * Recovery of deliveries that never came. GitHub never delivers again by itself; it lists what it sent, and here that
 * list is held against what is recorded. What is missing is fetched and recorded as if it had come in.
 */
import { deliveryFact } from "@webhook-gateway/shared/delivery-fact.ts";
import type { DeliveryFact } from "@webhook-gateway/shared/fact.ts";
import { isRouted, type RoutingPolicy, routeDelivery } from "@webhook-gateway/shared/routing.ts";
import { NO_COUNTS, type ReconcileCounts } from "@webhook-gateway/shared/store/reconciles.ts";
import { loadAccountedFor, storeDeliveryTimes } from "@webhook-gateway/shared/store/recovery.ts";
import type { Hook } from "./hook.ts";
import { type HookDelivery, type HookDeps, openHook } from "./hook-deliveries.ts";
import { type RecordDeps, recordFacts } from "./record.ts";

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
  /** Where to go on; null: at the newest. */
  readonly cursor: string | null;
}

export interface ScanOptions {
  readonly dryRun: boolean;
  /** After so many the rest is left for the next time. */
  readonly maxPages: number;
  /** GUIDs that were looked at before, and need no second look; added to. */
  readonly seen: Set<string>;
}

export interface Scanned {
  readonly counts: ReconcileCounts;
  /** Where to go on; null where the scan has reached its end. */
  readonly next: string | null;
  /** Something was recorded: there may be effects to perform. */
  readonly changed: boolean;
}

/**
 * Works through a scan, page by page. What a page lacks is recorded before the next page is read.
 * @throws HookError where GitHub cannot be asked, whatever D1 throws
 */
export async function scanHook(
  deps: ReconcileDeps,
  hook: Hook,
  scan: Scan,
  options: ScanOptions,
): Promise<Scanned> {
  const { seen } = options;
  const client = await openHook(deps, hook);
  const cursors = new Set<string>();
  let counts = NO_COUNTS;
  let changed = false;
  let cursor = scan.cursor;
  for (let page = 0; page < options.maxPages; page++) {
    const { deliveries, next } = await client.list(scan.failed, cursor);
    const within = deliveries.filter(
      ({ delivered_at }) => delivered_at >= scan.from && delivered_at <= scan.to,
    );
    const fresh = within.filter(({ guid }) => !seen.has(guid));
    for (const { guid } of fresh) seen.add(guid);
    const done = await recoverPage(deps, client, fresh, options.dryRun);
    counts = addCounts(counts, { ...done.counts, listed: fresh.length });
    changed ||= done.counts.recovered > 0;
    const ended = deliveries.length === 0 || deliveries.some(({ delivered_at }) => delivered_at < scan.from);
    // A list that leads back to itself has no end.
    if (ended || next === null || cursors.has(next)) return { counts, next: null, changed };
    cursors.add(next);
    cursor = next;
  }
  return { counts, next: cursor, changed };
}

type Client = Awaited<ReturnType<typeof openHook>>;

async function recoverPage(
  deps: ReconcileDeps,
  client: Client,
  deliveries: readonly HookDelivery[],
  dryRun: boolean,
): Promise<{ readonly counts: ReconcileCounts }> {
  if (deliveries.length === 0) return { counts: NO_COUNTS };
  const accounted = await loadAccountedFor(
    deps.db,
    deliveries.map(({ guid }) => guid),
  );
  const recorded = deliveries.filter(({ guid }) => accounted.has(guid));
  if (!dryRun && recorded.length > 0) await storeDeliveryTimes(deps.db, recorded);
  const suspects = distinct(deliveries).filter((one) => !accounted.has(one.guid) && mayBeMissing(one));
  if (suspects.length === 0) return { counts: NO_COUNTS };
  const payloads = await client.payloads(suspects.map(({ id }) => id));
  const gone = suspects.filter((_, index) => payloads[index] === null);
  const routed = await Promise.all(
    suspects.map((one, index) => factOf(deps.routing, one, payloads[index] ?? null)),
  );
  const facts = routed.filter((fact) => fact !== undefined);
  const missing = facts.length + gone.length;
  if (dryRun) return { counts: { ...NO_COUNTS, missing } };
  if (facts.length > 0) await recordFacts(deps.record, facts);
  if (gone.length > 0) await client.redeliver(gone.map(({ id }) => id));
  for (const { id, event, recovery } of facts) {
    deps.log.warn("delivery.recovered", { delivery_id: id, event, delivered_at: recovery?.delivered_at });
  }
  return { counts: { ...NO_COUNTS, missing, recovered: facts.length, redelivered: gone.length } };
}

/** What the gateway answers 200 to has been seen and ignored, unless its name says that it would have been recorded. */
const IGNORED_BY_CONTENT = ["issue_comment created", "pull_request edited"];

/** Whether a delivery without a row should have one, as far as its name and its answer tell. */
export function mayBeMissing({ event, action, status_code }: HookDelivery): boolean {
  if (!isRouted(event)) return false;
  return !(status_code === 200 && IGNORED_BY_CONTENT.includes(`${event} ${action}`));
}

/** The fact of a payload; undefined where it needs nothing done, or has none. */
async function factOf(
  policy: RoutingPolicy,
  { guid, event, delivered_at, throttled_at }: HookDelivery,
  payload: Readonly<Record<string, unknown>> | null,
): Promise<DeliveryFact | undefined> {
  if (payload === null) return undefined;
  const route = routeDelivery(event, payload, policy);
  if (route.kind !== "recorded") return undefined;
  const { kind: _, ...projection } = route;
  const fact = await deliveryFact({ id: guid, event, receivedAt: delivered_at }, projection);
  return { ...fact, recovery: { delivered_at, throttled_at } };
}

/** Of several attempts one is enough. */
const distinct = (deliveries: readonly HookDelivery[]): HookDelivery[] => [
  ...new Map(deliveries.map((one) => [one.guid, one])).values(),
];

export const addCounts = (a: ReconcileCounts, b: ReconcileCounts): ReconcileCounts => ({
  listed: a.listed + b.listed,
  missing: a.missing + b.missing,
  recovered: a.recovered + b.recovered,
  redelivered: a.redelivered + b.redelivered,
});
