/** Settles reports. Pure. */

import { type Failure, nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import type { CallOutcome } from "@webhook-gateway/shared/domain/gate.ts";
import type { Credential } from "@webhook-gateway/shared/github/client.ts";
import type { GitHubFailure } from "@webhook-gateway/shared/github/failure.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import type { DeadLetter } from "@webhook-gateway/shared/store/rows.ts";
import type { ReportOutcome } from "@webhook-gateway/shared/store/write/mutation.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { effectDeadLetter } from "../effects/dead-letter.ts";
import { type Attempted, installationIdOf } from "../github/limit.ts";
import { refusalText } from "../github/send.ts";
import { mayBePosted } from "./plan.ts";
import type { SentReport } from "./send.ts";

/** A report dies after this many attempts, but not before it is a day old: GitHub may be unavailable for hours. */
const MAX_ATTEMPTS = 8;
const MIN_AGE_MS = 24 * 3_600_000;
/** If GitHub refuses the credentials, or names no time; the gate decides when they are tried again. */
const REFUSED_MS = 10_000;

export interface Settled {
  readonly outcome: ReportOutcome;
  readonly deadLetter?: DeadLetter;
}

/** @param random in [0, 1) */
export function settleReport(sent: SentReport, leaseId: string, nowMs: number, random: number): Settled {
  const { report, result, hash } = sent;
  const base = {
    validation_id: report.validation_id,
    lease_id: leaseId,
    revision: report.revision,
    state: report.state,
    conclusion: report.conclusion,
    reason: null,
    error: null,
    attempts: report.attempts,
    // What a limit holds keeps its place.
    due_at: report.due_at,
    installation_id: installationIdOf(credentialOf(sent)),
    // An earlier claim may have posted it: that is still to be checked.
    uncertain: mayBePosted(report),
    posted: null,
  };
  if ("refusedUntilMs" in result) {
    return { outcome: { ...base, status: "due", reason: refusalText(result) } };
  }
  switch (result.class) {
    case "posted":
    case "found": {
      const reason = result.class === "found" ? "GitHub had it already" : null;
      const posted = { hash, external_id: result.externalId, number: report.context_posts + 1 };
      return { outcome: { ...base, status: "posted", reason, uncertain: false, posted } };
    }
    case "unchanged":
      return { outcome: { ...base, status: "posted", reason: "GitHub shows the same already" } };
    case "skipped":
      return { outcome: { ...base, status: "skipped", reason: result.reason } };
    default:
      return settleFailure(report, base, result, nowMs, random);
  }
}

function settleFailure(
  report: DueReport,
  base: Omit<ReportOutcome, "status">,
  failure: GitHubFailure,
  nowMs: number,
  random: number,
): Settled {
  const { error } = failure;
  // An answer that was lost may have been a success.
  const failed = { ...base, error, uncertain: base.uncertain || failure.class === "retryable" };
  if (failure.class === "limited" && failure.limitedUntilMs !== undefined) {
    return { outcome: { ...failed, status: "due" } };
  }
  if (failure.class === "credentials" || failure.class === "limited") {
    return { outcome: { ...failed, status: "due", due_at: isoTime(nowMs + REFUSED_MS) } };
  }
  const attempts = report.attempts + 1;
  if (failure.class === "retryable") {
    const old = nowMs - Date.parse(report.wanted_at) >= MIN_AGE_MS;
    const next = nextAttempt(attempts, old ? MAX_ATTEMPTS : Number.POSITIVE_INFINITY, nowMs, random);
    if (!next.dead) return { outcome: { ...failed, status: "due", attempts, due_at: next.dueAt } };
  }
  const { validation_id, repository, wanted_at: first_at } = report;
  // A replay makes the report due again.
  const deadLetter = effectDeadLetter("report", { validation_id, repository, first_at, attempts }, failure);
  return { outcome: { ...failed, status: "dead", attempts }, deadLetter };
}

/** The outcome of a batch for the gate in front of GitHub. */
export function callOutcomeOf(sent: readonly SentReport[]): CallOutcome {
  const failures = sent.flatMap(({ result }) => ("error" in result ? [result] : []));
  const refused = failures.find((failure) => failure.class === "credentials");
  const away = failures.find((failure) => failure.class === "retryable");
  const answered = failures.some(({ class: name }) => name !== "credentials" && name !== "retryable");
  const posted = sent.some(
    ({ result }) => "class" in result && (result.class === "posted" || result.class === "found"),
  );
  const served = answered || posted;
  return {
    served,
    closing: refused === undefined ? undefined : asFailure("configuration", refused.error),
    unavailable: served || away === undefined ? undefined : asFailure("retryable", away.error),
  };
}

const asFailure = (name: Failure["class"], error: string): Failure => ({ class: name, error });

/** The credential that a report was sent under. If its installation had to be asked for first, that is the App's own. */
function credentialOf({ result, sending }: SentReport): Credential | undefined {
  if (sending !== null) return sending.credential;
  const isHeld = "refusedUntilMs" in result || ("limitedUntilMs" in result && result.class === "limited");
  return isHeld ? { kind: "app" } : undefined;
}

/**
 * What was sent, or was to be sent, under the limits of a credential. A report is claimed by what it was when it was
 * claimed: it must be held by the limit that it meets.
 */
export function attemptedOf(sent: readonly SentReport[]): Attempted[] {
  return sent.flatMap((one) => {
    const { report, result, sending } = one;
    const credential = credentialOf(one);
    if (credential === undefined) return [];
    const isClaimedAsCreating = report.creates || credential.kind === "token";
    return [
      {
        credential,
        minor: sending !== null && report.priority > 0,
        creates: sending?.creates === true && isClaimedAsCreating,
        refusedUntilMs: "refusedUntilMs" in result ? result.refusedUntilMs : undefined,
        limitedUntilMs: "limitedUntilMs" in result ? result.limitedUntilMs : undefined,
      },
    ];
  });
}
