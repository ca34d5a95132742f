/** Replaying and discarding dead letters. */
import type {
  DeadLetterItem,
  DeadLetterPreview,
  DeadLetterScope,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import {
  cancelReplay,
  loadUnderWay,
  previewDeadLetters,
  startReplay,
} from "@webhook-gateway/shared/store/maintain/replays.ts";
import type { ApiError, Refused } from "../http/api-error.ts";
import { recordRefusal, refuse } from "./refusal.ts";
import { type CommandDeps, notifyConsumer } from "./validation-command.ts";

export interface DeadLetterCommand {
  readonly scope: DeadLetterScope;
  readonly reason?: string | undefined;
  /** Dead letters per minute; only for a replay. */
  readonly rate?: number;
}

/** The dead letters that a command would affect. */
export async function previewDeadLetterCommand(
  deps: CommandDeps,
  { scope }: DeadLetterCommand,
): Promise<DeadLetterPreview> {
  const { total, sample } = await previewDeadLetters(deps.db, scope);
  return { dry_run: true, total, sample: [...sample] satisfies DeadLetterItem[] };
}

/** Discards the dead letters at once, or starts a replay, which the consumer then carries out. */
export async function commandDeadLetters(
  deps: CommandDeps,
  action: "replay" | "discard",
  command: DeadLetterCommand,
  actor: string,
): Promise<ReplayItem | Refused> {
  const error = await obstacleTo(deps, command.scope);
  if (error !== undefined) return refuse(deps, { actor, action, target: null }, error);
  const start = {
    id: deps.newId(),
    action,
    requestedBy: actor,
    reason: command.reason ?? null,
    scope: command.scope,
    rate: command.rate ?? 0,
  };
  const replay = await startReplay(deps.db, start, deps.now().toISOString());
  deps.log.info(`dead-letters.${action}`, { replay_id: replay.id, letters: replay.total });
  if (action === "replay") await notifyConsumer(deps);
  return replay;
}

/** Ends a replay. @returns undefined if no replay has this id */
export async function stopReplay(
  deps: CommandDeps,
  id: string,
  actor: string,
): Promise<ReplayItem | undefined> {
  const asked = { id: deps.newId(), actor };
  const replay = await cancelReplay(deps.db, id, asked, deps.now().toISOString());
  if (replay === undefined) {
    const reason = "no replay has this id";
    await recordRefusal(deps, { actor, action: "cancel-replay", target: id, reason });
  }
  return replay;
}

async function obstacleTo({ db }: CommandDeps, scope: DeadLetterScope): Promise<ApiError | undefined> {
  const underWay = await loadUnderWay(db, scope.ids ?? []);
  if (underWay.length > 0) {
    const message = `a replay is already in progress for ${underWay.slice(0, 3).join(", ")}`;
    return { code: "replay_under_way", message };
  }
  const { total } = await previewDeadLetters(db, scope);
  return total === 0 ? { code: "not_found", message: "no open dead letter matches" } : undefined;
}
