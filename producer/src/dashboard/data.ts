/** What the dashboard reads and does, whoever does it. */
import type {
  DeadLetterDetail,
  DeadLetterItem,
  DeadLetterPreview,
  DeadLetterScope,
  deadLetterQuery,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import type { DeliveryItem, deliveryQuery } from "@webhook-gateway/shared/api/delivery.ts";
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import type { ReconcileItem, reconcileQuery } from "@webhook-gateway/shared/api/reconcile.ts";
import type {
  discardRequest,
  ReplayItem,
  replayQuery,
  replayRequest,
} from "@webhook-gateway/shared/api/replay.ts";
import type { Trace } from "@webhook-gateway/shared/api/trace.ts";
import type {
  ValidationDetail,
  ValidationItem,
  validationQuery,
} from "@webhook-gateway/shared/api/validation.ts";
import type * as v from "valibot";
import type { Health } from "../health/health.ts";
import type { ApiError } from "../http/api-error.ts";

/** One page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

export type DeliveryQuery = v.InferOutput<typeof deliveryQuery>;
export type ValidationQuery = v.InferOutput<typeof validationQuery>;
export type DeadLetterQuery = v.InferOutput<typeof deadLetterQuery>;
export type ReplayQuery = v.InferOutput<typeof replayQuery>;
export type ReconcileQuery = v.InferOutput<typeof reconcileQuery>;
export type ReplayOrder = v.InferOutput<typeof replayRequest>;
export type DiscardOrder = v.InferOutput<typeof discardRequest>;

export interface Refused {
  readonly error: ApiError;
}

/** An order was given; the message says what it leads to. */
export interface Ordered {
  readonly message: string;
}

/**
 * Over D1 in production, over a fixture in tests. A list may throw `CursorError`, anything may throw what
 * `isUnavailable` knows; both have a page of their own.
 */
export interface DashboardData {
  overview(): Promise<Overview>;
  health(): Promise<Health>;
  deliveries(query: DeliveryQuery): Promise<ListPage<DeliveryItem>>;
  validations(query: ValidationQuery): Promise<ListPage<ValidationItem>>;
  validation(id: string): Promise<ValidationDetail | undefined>;
  /** Undefined where nothing is known of it, or the question is none of the forms. */
  trace(question: string): Promise<Trace | undefined>;
  deadLetters(query: DeadLetterQuery): Promise<ListPage<DeadLetterItem>>;
  deadLetter(id: string): Promise<DeadLetterDetail | undefined>;
  replays(query: ReplayQuery): Promise<ListPage<ReplayItem>>;
  reconciles(query: ReconcileQuery): Promise<ListPage<ReconcileItem>>;
  previewLetters(scope: DeadLetterScope): Promise<DeadLetterPreview>;
  /** `who` is the user name that was given with the password: for the record, not for access. */
  replay(order: ReplayOrder, who: string): Promise<ReplayItem | Refused>;
  discard(order: DiscardOrder, who: string): Promise<ReplayItem | Refused>;
  /** Ends a replay; what it has not come to is open again. Undefined for one that is not there. */
  cancelReplay(id: string): Promise<ReplayItem | undefined>;
  cancel(validationId: string): Promise<Ordered | Refused>;
  rerun(validationId: string): Promise<Ordered | Refused>;
}
