/** Starting, superseding and cancelling the runs of one subject. */

import { validationId } from "@webhook-gateway/shared/domain/subject.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { NO_CALLBACKS } from "@webhook-gateway/shared/runs/callback-limits.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { type Admission, admissionOf, type ForkPolicy, headRuns } from "./admission.ts";
import type { ChangeSet } from "./change-set.ts";
import { type Reuse, type ReusePolicy, reuseFor } from "./reuse.ts";

/** What asks for a validation of a subject's newest head. */
export interface RunRequest {
  readonly cause: string;
  /** The cause names one request for a new run. The same cause again starts nothing. */
  readonly once: boolean;
  /** A new run although the head has one already. */
  readonly force: boolean;
  /** A new run if the last one was stopped before it had a result. */
  readonly restart: boolean;
  /** How a new run begins, if not as its subject says. */
  readonly admission?: Admission;
  /** The tree of the head, if an earlier success of the same files may stand for a run. */
  readonly tree?: string | undefined;
}

/** What the operator configures of runs. */
export interface RunPolicy extends ReusePolicy {
  readonly cancelSuperseded: boolean;
  readonly validateForks: ForkPolicy;
}

/** What asks for a run. */
export interface RunOrigin {
  /** The delivery that brought the head. */
  readonly deliveryId: string;
  /** The delivery or operator command that asks, for the timeline. */
  readonly causeId: string;
  /** For the timeline: `queued by …`. */
  readonly by: string;
}

/** Who gave a command on GitHub. */
export const githubActor = ({ sender }: DeliveryFact): string => `github:${sender ?? "unknown"}`;

export function originOf(fact: DeliveryFact): RunOrigin {
  const { id, event, action, change } = fact;
  const what = `${event}${action === null ? "" : ` ${action}`}`;
  const isCommand = change.type === "command" || change.type === "rerun" || change.type === "approval";
  return { deliveryId: id, causeId: id, by: isCommand ? `${githubActor(fact)} (${what})` : what };
}

export interface RunOutcome {
  /** `reused`: an earlier run stands for it. `unchanged`: the head has its run already. */
  readonly outcome: "started" | "held" | "skipped" | "reused" | "unchanged";
  readonly reason: string | null;
  readonly validation_id: string;
}

/** Makes sure that a subject's newest head has a run, and supersedes all others. */
export function ensureRun(
  changes: ChangeSet,
  subject: Subject,
  origin: RunOrigin,
  request: RunRequest,
  policy: RunPolicy,
): RunOutcome {
  const runs = headRuns(changes, subject);
  const [latest] = runs;
  const repeated = request.once ? runs.find((row) => row.cause === request.cause) : undefined;
  if (repeated !== undefined) return unchanged(repeated);
  const admission = request.admission ?? admissionOf(changes, subject, policy.validateForks);
  if (latest !== undefined) {
    const sameBase = latest.base_sha === subject.base_sha;
    if (sameBase && latest.state === "held" && admission.state === "queued" && admission.trusted) {
      approveRun(changes, latest, approverOf(subject, origin), origin.causeId);
      return { outcome: "started", reason: null, validation_id: latest.id };
    }
    if (!isWanted(latest, request, admission, sameBase)) return unchanged(latest);
  }
  const reuse = admission.trusted ? reuseFor(changes, subject, request.tree, policy) : undefined;
  const begin = { ...admission, reuse };
  const id = startRun(changes, subject, origin, (latest?.run ?? 0) + 1, request.cause, begin);
  supersedeOthers(changes, subject, id, origin.causeId, policy.cancelSuperseded);
  if (reuse !== undefined) return { outcome: "reused", reason: reasonOf(reuse), validation_id: id };
  const outcome = admission.state === "queued" ? "started" : admission.state;
  return { outcome, reason: admission.reason, validation_id: id };
}

const reasonOf = ({ reused_from }: Reuse): string => `the same files passed in ${reused_from}`;

/** Whether a head needs a run after its latest one. */
function isWanted(latest: Validation, request: RunRequest, { state }: Admission, sameBase: boolean): boolean {
  if (latest.state === state && state !== "queued") return request.force && !sameBase;
  if (request.force) return true;
  if (state !== "skipped" && latest.state === "skipped") return true;
  if (state === "queued" && latest.state === "held") return true;
  return request.restart && (latest.state === "superseded" || latest.state === "cancelled");
}

function unchanged({ id, state, reason }: Validation): RunOutcome {
  const waits = state === "held" || state === "skipped" ? reason : null;
  return { outcome: "unchanged", reason: waits ?? "this head has its validation already", validation_id: id };
}

const approverOf = ({ approval }: Subject, { by }: RunOrigin): string =>
  approval === null ? by : `${approval.by} (issue_comment created)`;

/** Queues a run that was held. @param by who approved it */
export function approveRun(changes: ChangeSet, row: Validation, by: string, causeId: string): void {
  changes.approve(row, { reason: `queued: approved by ${by}`, deliveryId: causeId });
}

function startRun(
  changes: ChangeSet,
  subject: Subject,
  origin: RunOrigin,
  run: number,
  cause: string,
  { state, trusted, reason, reuse }: Admission & { readonly reuse: Reuse | undefined },
): string {
  const id = validationId(subject.repository_id, subject.subject, subject.head_sha, run);
  const beginning = state === "queued" ? `queued by ${origin.by}` : `${state} (${origin.by}): ${reason}`;
  changes.putSubject(subject);
  changes.addValidation(
    {
      id,
      repository_id: subject.repository_id,
      repository: subject.repository,
      subject: subject.subject,
      event: subject.kind,
      pr_number: subject.number,
      pr_url: subject.url,
      clone_url: subject.clone_url,
      ref: subject.head_ref,
      head_sha: subject.head_sha,
      base_sha: subject.base_sha,
      run,
      cause,
      delivery_id: origin.deliveryId,
      state: reuse === undefined ? state : "completed",
      conclusion: reuse === undefined ? null : "success",
      attempts: 0,
      due_at: null,
      lease_id: null,
      lease_until: null,
      grainchain_id: null,
      error: null,
      created_at: changes.now,
      dispatched_at: null,
      started_at: null,
      finished_at: state === "skipped" || reuse !== undefined ? changes.now : null,
      heard_at: null,
      watch_from: null,
      resendable: true,
      ...NO_CALLBACKS,
      fork: subject.fork,
      head_repository: subject.head_repository,
      author: subject.author,
      author_association: subject.author_association,
      trusted,
      reason,
      approved_at: null,
      tree_sha: reuse?.tree_sha ?? null,
      reused_from: reuse?.reused_from ?? null,
      version: 0,
    },
    {
      reason: reuse === undefined ? beginning : `not run (${origin.by}): ${reasonOf(reuse)}`,
      deliveryId: origin.causeId,
    },
  );
  return id;
}

/**
 * Supersedes all live runs of the subject but the one to keep. What Grainchain already has is stopped there too, unless
 * `cancelSuperseded` is off: then it goes on.
 */
export function supersedeOthers(
  changes: ChangeSet,
  subject: Subject,
  keepId: string | null,
  deliveryId: string,
  cancelSuperseded: boolean,
): void {
  for (const row of liveRuns(changes, subject)) {
    const atGrainchain = row.state === "pending" || row.state === "running";
    if (row.id === keepId || (atGrainchain && !cancelSuperseded)) continue;
    const head = subject.head_sha.slice(0, 12);
    const reason = `superseded by ${row.head_sha === subject.head_sha ? "another run of " : ""}${head}`;
    stopRun(changes, row, "superseded", reason, deliveryId);
  }
}

/** Cancels what is live for the subject. @returns the ids cancelled */
export function cancelRuns(
  changes: ChangeSet,
  subject: Subject,
  reason: string,
  deliveryId: string,
): string[] {
  const live = liveRuns(changes, subject);
  for (const row of live) stopRun(changes, row, "cancelled", reason, deliveryId);
  return live.map((row) => row.id);
}

/** Stops one run, at Grainchain too. One that has finished stays as it is. */
export function stopRun(
  changes: ChangeSet,
  row: Validation,
  type: "superseded" | "cancelled",
  reason: string,
  deliveryId: string,
): void {
  if (isFinal(row.state)) return;
  changes.signal(row, { type }, { reason, deliveryId });
  // If its id is not known yet, the dispatch under way finds it stopped and cancels it then.
  changes.addCancel(row, reason);
}

/** Runs of a subject that have not finished, with those that wait for an approval. */
export const liveRuns = (
  changes: ChangeSet,
  subject: Pick<Subject, "repository_id" | "subject">,
): Validation[] => changes.runsOf(subject).filter((row) => !isFinal(row.state));
