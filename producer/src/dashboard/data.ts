/** What the dashboard reads, and the commands that it runs. */
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
export type ReplayCommand = v.InferOutput<typeof replayRequest>;
export type DiscardCommand = v.InferOutput<typeof discardRequest>;

export interface Refused {
  readonly error: ApiError;
}

/** A command was accepted; the message says what it will do. */
export interface Accepted {
  readonly message: string;
}

/**
 * Backed by D1 in production and by a fixture in tests. A list may throw `CursorError`, and every method may throw what
 * `isUnavailable` recognizes; both have an error page.
 */
export interface DashboardData {
  overview(): Promise<Overview>;
  health(): Promise<Health>;
  deliveries(query: DeliveryQuery): Promise<ListPage<DeliveryItem>>;
  validations(query: ValidationQuery): Promise<ListPage<ValidationItem>>;
  validation(id: string): Promise<ValidationDetail | undefined>;
  /** Undefined if nothing is known about it, or if the question has none of the known forms. */
  trace(question: string): Promise<Trace | undefined>;
  deadLetters(query: DeadLetterQuery): Promise<ListPage<DeadLetterItem>>;
  deadLetter(id: string): Promise<DeadLetterDetail | undefined>;
  replays(query: ReplayQuery): Promise<ListPage<ReplayItem>>;
  reconciles(query: ReconcileQuery): Promise<ListPage<ReconcileItem>>;
  previewLetters(scope: DeadLetterScope): Promise<DeadLetterPreview>;
  /** @param who the user name given with the password: for the record, not for access */
  replay(command: ReplayCommand, who: string): Promise<ReplayItem | Refused>;
  discard(command: DiscardCommand, who: string): Promise<ReplayItem | Refused>;
  /** Stops a replay: the dead letters that it has not reached are open again. Undefined if it does not exist. */
  cancelReplay(id: string): Promise<ReplayItem | undefined>;
  cancel(validationId: string): Promise<Accepted | Refused>;
  rerun(validationId: string): Promise<Accepted | Refused>;
}
