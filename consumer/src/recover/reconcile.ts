/**
 * Recovery of deliveries that never arrived. GitHub does not deliver again by itself, but lists what it sent. That list
 * is compared with what is recorded. What is missing is fetched and recorded as if it had arrived.
 */

import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import type { HookDelivery } from "@webhook-gateway/shared/github/hook-delivery.ts";
import { fingerprintOf } from "@webhook-gateway/shared/routing/fingerprint.ts";
import { isIgnored, type Route, routeDelivery } from "@webhook-gateway/shared/routing/routing.ts";
import type { RoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { NO_COUNTS, type ReconcileCounts } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import {
  type AccountedFor,
  loadAccountedFor,
  storeDeliveryTimes,
} from "@webhook-gateway/shared/store/maintain/recovery.ts";
import { hasRoom } from "../effects/queries.ts";
import type { AskDeps } from "../github/ask.ts";
import { type RecordDeps, recordFacts } from "../record/record.ts";
import { isListed, notRecorded } from "./claimed-guid.ts";
import { openHook } from "./hook-deliveries.ts";

export interface ReconcileDeps extends AskDeps {
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
  /** After this many pages, or without room for another, the rest is left for the next time. */
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
  /** What ended it early: {@link GitHubError} if GitHub cannot be asked, or whatever D1 throws. */
  readonly thrown?: unknown;
}

/** Payloads that are fetched before they are recorded. A limit meanwhile wastes at most these. */
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
  const denied: DeniedRepositories = new Set();
  let counts = NO_COUNTS;
  let cursor = scan.cursor;
  const add = (more: Partial<ReconcileCounts>): void => {
    counts = addCounts(counts, { ...NO_COUNTS, ...more });
  };
  try {
    const client = await openHook(deps, hook);
    for (let page = 0; page < options.maxPages && hasRoom(deps.db, "recovery"); page++) {
      const { deliveries, next } = await client.list(scan.failed, cursor);
      const fresh = deliveries.filter(
        ({ id, delivered_at }) => delivered_at >= scan.from && delivered_at <= scan.to && !seen.has(id),
      );
      if (!(await recoverPage(deps, client, fresh, { ...options, denied }, add))) break;
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

/** Repositories whose newest payload has shown that they are denied: one in 20 payloads, instead of all, after an outage. */
type DeniedRepositories = Set<NonNullable<HookDelivery["repository_id"]>>;

interface PageOptions extends ScanOptions {
  readonly denied: DeniedRepositories;
}

const isDenied = (route: Route | null | undefined): boolean =>
  route?.kind === "ignored" && route.repositoryDenied === true;

/** @returns whether all of it was looked at, and the invocation had D1 queries for it */
async function recoverPage(
  deps: ReconcileDeps,
  client: Client,
  deliveries: readonly HookDelivery[],
  { dryRun, seen, denied }: PageOptions,
  add: (more: Partial<ReconcileCounts>) => void,
): Promise<boolean> {
  if (deliveries.length === 0) return true;
  const accounted = await loadAccountedFor(
    deps.db,
    deliveries.map(({ guid }) => guid),
  );
  const recorded = deliveries.filter((one) => {
    const known = accounted.get(one.guid);
    return known !== undefined && isListed(known, one);
  });
  if (!dryRun && recorded.length > 0) await storeDeliveryTimes(deps.db, recorded);
  const known = new Set(recorded.map(({ guid }) => guid));
  const suspects = distinct(deliveries).filter(
    (one) => !known.has(one.guid) && !seen.has(one.guid) && mayBeMissing(one),
  );
  for (let at = 0; at < suspects.length; at += PAYLOADS_AT_ONCE) {
    // What a dry run has found of a page it would find again.
    if (!dryRun && !hasRoom(deps.db, "recovery")) return false;
    const part = suspects.slice(at, at + PAYLOADS_AT_ONCE);
    const wanted = part.filter(({ repository_id }) => repository_id === null || !denied.has(repository_id));
    const routes = await recoverSome(deps, client, { wanted, accounted, dryRun }, add);
    wanted.forEach(({ repository_id }, index) => {
      if (repository_id !== null && isDenied(routes[index])) denied.add(repository_id);
    });
    for (const { guid } of part) seen.add(guid);
  }
  return true;
}

interface Suspects {
  readonly wanted: readonly HookDelivery[];
  /** What is known under their GUIDs, and may be something else. */
  readonly accounted: ReadonlyMap<string, AccountedFor>;
  readonly dryRun: boolean;
}

async function recoverSome(
  deps: ReconcileDeps,
  client: Client,
  { wanted, accounted, dryRun }: Suspects,
  add: (more: Partial<ReconcileCounts>) => void,
): Promise<readonly (Route | null)[]> {
  const payloads = await client.payloads(wanted.map(({ id }) => id));
  const gone = wanted.filter(({ guid }, index) => payloads[index] === null && !accounted.has(guid));
  const routes = await Promise.all(
    wanted.map((one, index) => routePayload(deps.routing, one, payloads[index] ?? null)),
  );
  const fetched = routes.flatMap((route) => (route?.kind === "recorded" ? [route.fact] : []));
  const facts = await notRecorded(deps.db, accounted, fetched);
  if (dryRun) {
    add({ missing: facts.length + gone.length });
    return routes;
  }
  if (facts.length > 0) await recordFacts(deps.record, facts);
  for (const { id, event, recovery } of facts) {
    const fields = { delivery_id: id, github_event: event, delivered_at: recovery?.delivered_at };
    deps.log.warn("delivery.recovered", fields);
  }
  add({ missing: facts.length, recovered: facts.length });
  const compared = wanted.filter(({ guid }) => accounted.has(guid));
  if (compared.length > 0) await storeDeliveryTimes(deps.db, compared);
  if (gone.length > 0) add(await redeliver(deps, client, gone));
  return routes;
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

/**
 * Whether a delivery without a row should have one, judging by what the list says of it: it failed, or was accepted (202)
 * and lost. What was answered 200 was read and ignored, because of its content, its repository or its name.
 */
export const mayBeMissing = ({ event, action, status_code }: HookDelivery): boolean =>
  status_code !== 200 && !isIgnored(event, action);

/** Null: GitHub no longer has the payload. */
async function routePayload(
  policy: RoutingPolicy,
  { guid, event, delivered_at, throttled_at }: HookDelivery,
  payload: Readonly<Record<string, unknown>> | null,
): Promise<Route | null> {
  if (payload === null) return null;
  const route = await routeDelivery({ id: guid, event, received_at: delivered_at }, payload, policy);
  if (route.kind !== "recorded") return route;
  const fingerprint = await fingerprintOf(route.fact);
  return { ...route, fact: { ...route.fact, fingerprint, recovery: { delivered_at, throttled_at } } };
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
