/** Approvals by people on GitHub: asks whether they may write to the repository, and decides with the answer. */
import { nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import { claimApprovals, type DueApproval } from "@webhook-gateway/shared/store/claim/github-outbox.ts";
import type { Emits } from "@webhook-gateway/shared/store/write/commit.ts";
import type { ApprovalOutcome } from "@webhook-gateway/shared/store/write/mutation.ts";
import { loadSnapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { settleApproval } from "../decide/approval.ts";
import type { ChangeSet } from "../decide/change-set.ts";
import type { DeliveryPolicy } from "../decide/context.ts";
import { decideAndCommit } from "../effects/decide-and-commit.ts";
import { runEffect, type Settled, wakeTimes } from "../effects/run-effect.ts";
import { attemptedOf, installationIdOf, limitsOf } from "./limit.ts";
import { type AskedPermission, askPermissions, PERMISSION, type PermissionDeps } from "./permission.ts";
import { refusalText, SENDING_LEASE_MS } from "./send.ts";

export interface ApprovalDeps extends PermissionDeps {
  readonly policy: DeliveryPolicy;
  readonly random: () => number;
  /** What is sent to other systems. */
  readonly emits?: Emits | undefined;
}

const BATCH_SIZE = 25;
const MAX_ROUNDS = 4;
/** About two hours: by then, the approver will have pressed again. */
const MAX_ATTEMPTS = 12;

const NO_ACCESS = "GitHub says that its sender may not write to the repository";

export interface ApprovedBatch {
  /** When to look again. */
  readonly wakeAt: readonly string[];
  /** Something was queued, or is to be reported. */
  readonly changed: boolean;
}

/** Decides the approvals that are due. */
export async function askApprovalsDue(deps: ApprovalDeps): Promise<ApprovedBatch> {
  const { mode } = deps.github;
  if (mode === "none") return { wakeAt: [], changed: false };
  const { performed, wakeAt } = await runEffect(deps, {
    name: "approval",
    leaseMs: SENDING_LEASE_MS,
    batchSize: BATCH_SIZE,
    maxRounds: MAX_ROUNDS,
    claim: async (lease) => ({ items: await claimApprovals(deps.db, mode, lease) }),
    perform: ({ items }) => askPermissions(deps, items),
    settle: ({ items }, answers) => settle(deps, items, answers),
  });
  return { wakeAt, changed: performed > 0 };
}

async function settle(
  deps: ApprovalDeps,
  items: readonly DueApproval[],
  answers: ReadonlyMap<DueApproval, AskedPermission>,
): Promise<Settled> {
  const nowMs = deps.now().getTime();
  const limits = limitsOf(
    [...answers.values()].flatMap(({ answered }) =>
      answered === null ? [] : [attemptedOf(answered, PERMISSION.cost)],
    ),
  );
  const random = deps.random();
  const committed = await decideAndCommit(deps, {
    load: () =>
      loadSnapshot(
        deps.db,
        items.map(({ fact }) => fact),
      ),
    decide(changes) {
      for (const row of limits) changes.add({ kind: "limit", row });
      return items.map((item) => {
        const outcome = outcomeOf(changes, item, answers.get(item), deps.policy, nowMs, random);
        changes.add({ kind: "approvalOutcome", row: outcome });
        return outcome;
      });
    },
  });
  const outcomes = committed?.result ?? [];
  return {
    lines: items.map(({ delivery_id, login }, index) => ({
      fields: { delivery_id, login, class: outcomes[index]?.reason ?? "conflict" },
      failed: false,
    })),
    wakeAt: wakeTimes(outcomes, nowMs, limits),
    more: items.length === BATCH_SIZE,
  };
}

function outcomeOf(
  changes: ChangeSet,
  { delivery_id, attempts, fact }: DueApproval,
  asked: AskedPermission | undefined,
  policy: DeliveryPolicy,
  nowMs: number,
  random: number,
): ApprovalOutcome {
  const base = {
    delivery_id,
    attempts,
    due_at: isoTime(nowMs),
    installation_id: installationIdOf(asked?.answered?.credential),
  };
  const permission = asked?.permission;
  if (permission === undefined || "refusedUntilMs" in permission) {
    return { ...base, status: "due", reason: refusalText(permission ?? {}) };
  }
  if ("mayWrite" in permission) {
    const refusal = permission.mayWrite ? null : NO_ACCESS;
    return { ...base, status: "done", reason: settleApproval(changes, fact, refusal, policy) };
  }
  if (permission.class === "limited") return { ...base, status: "due", reason: permission.error };
  const next = nextAttempt(attempts + 1, MAX_ATTEMPTS, nowMs, random);
  const tried = { ...base, attempts: attempts + 1, reason: permission.error };
  if (!next.dead) return { ...tried, status: "due", due_at: next.dueAt };
  settleApproval(changes, fact, `GitHub did not say whether its sender may: ${permission.error}`, policy);
  return { ...tried, status: "done" };
}
