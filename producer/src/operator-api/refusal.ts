/** Records that somebody was refused what they asked for. */
import { insertRefusal, type OperatorAction } from "@webhook-gateway/shared/store/operator-action.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { ApiError, Refused } from "../http/api-error.ts";

export interface RefusalDeps {
  readonly db: D1Database;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

export type Refusal = Pick<OperatorAction, "actor" | "action" | "target" | "reason">;

const MAX_TARGET = 300;

/** The answer is the same whether or not D1 takes the row. */
export async function recordRefusal(deps: RefusalDeps, { target, ...refusal }: Refusal): Promise<void> {
  const row = {
    ...refusal,
    id: deps.newId(),
    at: deps.now().toISOString(),
    target: target?.slice(0, MAX_TARGET).toWellFormed() ?? null,
  };
  try {
    await insertRefusal(deps.db, row);
  } catch (thrown) {
    deps.log.error("action.not-recorded", { actor: refusal.actor, error: errorText(thrown) });
  }
}

/** Records a refusal, with the error's message as the reason. @returns what to answer */
export async function refuse(
  deps: RefusalDeps,
  asked: Omit<Refusal, "reason">,
  error: ApiError,
): Promise<Refused> {
  await recordRefusal(deps, { ...asked, reason: error.message });
  return { error };
}
