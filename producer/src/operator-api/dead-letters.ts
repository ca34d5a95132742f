/** Replaying and discarding dead letters. */
import type {
  DeadLetterItem,
  DeadLetterPreview,
  DeadLetterScope,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import { loadUnderWay, previewLetters, startReplay } from "@webhook-gateway/shared/store/maintain/replays.ts";
import type { ApiError } from "../http/api-error.ts";
import { type OrderDeps, tellOfRequest } from "./validation-command.ts";

export interface LetterOrder {
  readonly scope: DeadLetterScope;
  readonly reason?: string | undefined;
  /** Letters a minute; a discard needs none. */
  readonly rate?: number;
}

/** What an order would touch. */
export async function previewOrder(deps: OrderDeps, { scope }: LetterOrder): Promise<DeadLetterPreview> {
  const { total, sample } = await previewLetters(deps.db, scope);
  return { dry_run: true, total, sample: [...sample] satisfies DeadLetterItem[] };
}

/** Takes the letters. A replay is then worked off by the consumer, a discard is done. */
export async function orderLetters(
  deps: OrderDeps,
  action: ReplayItem["action"],
  order: LetterOrder,
  requestedBy: string,
): Promise<ReplayItem | { readonly error: ApiError }> {
  const underWay = await loadUnderWay(deps.db, order.scope.ids ?? []);
  if (underWay.length > 0) {
    const message = `being replayed already: ${underWay.slice(0, 3).join(", ")}`;
    return { error: { code: "replay_under_way", message } };
  }
  const start = {
    id: deps.newId(),
    action,
    requestedBy,
    reason: order.reason ?? null,
    scope: order.scope,
    rate: order.rate ?? 0,
  };
  const { total } = await previewLetters(deps.db, order.scope);
  if (total === 0) return { error: { code: "not_found", message: "no open dead letter matches" } };
  const replay = await startReplay(deps.db, start, deps.now().toISOString());
  deps.log.info(`dead-letters.${action}`, { replay_id: replay.id, letters: replay.total });
  if (action === "replay") await tellOfRequest(deps);
  return replay;
}
