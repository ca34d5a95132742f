/** A decision in the making: the rows that it was read from, and what it changes so far. Nothing is written here. */

import {
  type GrainchainStatus,
  isFinal,
  type Signal,
  transition,
} from "@webhook-gateway/shared/domain/validation.ts";
import { type Late, type Live, NO_CALLBACKS } from "@webhook-gateway/shared/runs/callback-limits.ts";
import type { Results } from "@webhook-gateway/shared/store/rows.ts";
import { type TreeSuccess, treeKey } from "@webhook-gateway/shared/store/sql/tree.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import type { Mutation, MutationKind } from "@webhook-gateway/shared/store/write/mutation.ts";
import type { Snapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";

/** Why a signal came, for the timeline. */
export interface Cause {
  readonly reason: string;
  /** The delivery or callback behind it. */
  readonly deliveryId: string | null;
  /** Written to the timeline even if the signal moves nothing. */
  readonly note?: boolean;
  readonly results?: Results | undefined;
  /** When it ended, if the signal ends it. Default: now. */
  readonly endedAt?: string | null;
  /** Before the end: see `TimelineEntry`. */
  readonly resultsOf?: GrainchainStatus;
  readonly onlyResults?: boolean;
}

type LeaseColumn = "attempts" | "due_at" | "lease_id" | "lease_until";
type HeardColumn =
  | "grainchain_id"
  | "error"
  | "started_at"
  | "heard_at"
  | "resendable"
  | keyof Live
  | keyof Late;

/** Columns that a signal may set beside the state. */
export type Patch = Partial<Pick<Validation, LeaseColumn | HeardColumn>>;

export class ChangeSet {
  readonly now: string;
  readonly #subjects: Map<string, Subject>;
  readonly #validations: Map<string, Validation>;
  /** The same as they were read. */
  readonly #stored: ReadonlyMap<string, Validation>;
  readonly #lastTurns: Map<number, number>;
  readonly #successes: ReadonlyMap<string, TreeSuccess>;
  readonly #currentTurn: number;
  readonly #lane: 0 | 1;
  /** By the key of the row that is written. Of a row that is written several times, the last one. */
  readonly #mutations = new Map<string, Mutation>();

  /** @param lane of what is queued: 0 live, 1 replayed */
  constructor(now: string, snapshot: Partial<Snapshot>, lane: 0 | 1 = 0) {
    this.now = now;
    this.#lane = lane;
    this.#subjects = new Map(snapshot.subjects?.map((subject) => [subjectKey(subject), subject]));
    this.#stored = new Map(snapshot.validations?.map((validation) => [validation.id, validation]));
    this.#validations = new Map(this.#stored);
    this.#lastTurns = new Map(snapshot.lastTurns);
    this.#successes = snapshot.successes ?? new Map();
    this.#currentTurn = snapshot.currentTurn ?? 0;
  }

  /** Everything that was changed. */
  mutations(): readonly Mutation[] {
    return [...this.#mutations.values()];
  }

  /** Adds a row of a kind that no decision reads again. */
  add(mutation: Mutation<Exclude<MutationKind, "subject" | "validation" | "report" | "turn">>): void {
    this.#put(mutation, `${this.#mutations.size}`);
  }

  subject(repositoryId: number, subject: string): Subject | undefined {
    return this.#subjects.get(subjectKey({ repository_id: repositoryId, subject }));
  }

  /** The latest success of the same files, as far as the facts name their trees. */
  successOf(repositoryId: number, tree: string): TreeSuccess | undefined {
    return this.#successes.get(treeKey(repositoryId, tree));
  }

  subjectsWithHead(repositoryId: number, headSha: string): Subject[] {
    return [...this.#subjects.values()].filter(
      (s) => s.repository_id === repositoryId && s.head_sha === headSha,
    );
  }

  /** Writes a subject, even unchanged: a decision that relied on it must not outlive it. */
  putSubject(subject: Subject): void {
    const { repository_id, head_sha } = subject;
    const before = this.subject(repository_id, subject.subject);
    if (before !== undefined && (before.state !== subject.state || before.head_sha !== head_sha)) {
      this.add({ kind: "head", row: { repository_id, head_sha: before.head_sha } });
      this.add({ kind: "head", row: { repository_id, head_sha } });
    }
    this.#subjects.set(subjectKey(subject), subject);
    this.#put({ kind: "subject", row: subject }, subjectKey(subject));
  }

  validation(id: string): Validation | undefined {
    return this.#validations.get(id);
  }

  validations(): Validation[] {
    return [...this.#validations.values()];
  }

  /** A subject's validations, as far as they were read: those that are live, and every run of the heads in question. */
  runsOf(subject: Pick<Subject, "repository_id" | "subject">): Validation[] {
    return this.validations().filter(
      (row) => row.repository_id === subject.repository_id && row.subject === subject.subject,
    );
  }

  /** Adds a validation; one that is queued comes behind its repository's earlier ones. */
  addValidation(row: Omit<Validation, "turn" | "lane">, cause: Cause): void {
    const turn = row.state === "queued" ? this.#nextTurn(row.repository_id) : 0;
    this.#putValidation({ ...row, lane: this.#lane, turn });
    this.#putReport(row.id);
    this.#addTimeline(row.id, null, row.state, cause);
  }

  /** Queues a validation that waited for an approval, behind its repository's others. */
  approve(row: Validation, cause: Cause): void {
    const turn = this.#nextTurn(row.repository_id);
    const next = this.signal(row, { type: "approved" }, cause);
    const { now: approved_at } = this;
    this.#putValidation({ ...next, trusted: true, reason: null, approved_at, lane: this.#lane, turn });
  }

  /** Queues a dead validation again, behind its repository's others. */
  requeue(row: Validation, cause: Cause): void {
    const turn = this.#nextTurn(row.repository_id);
    const patch = {
      attempts: 0,
      error: null,
      finished_at: null,
      resendable: true,
      lane: this.#lane,
      turn,
      ...NO_CALLBACKS,
    };
    const next = this.signal(row, { type: "replayed" }, cause);
    this.#putValidation({ ...next, ...patch });
    this.#putReport(row.id);
  }

  /** Writes to the timeline why nothing moved. */
  note(row: Validation, cause: Cause): void {
    this.#addTimeline(row.id, row.state, row.state, cause);
    this.#putValidation(row);
  }

  /** Applies a signal with its timeline entry, report and patch. @returns the validation after it */
  signal(row: Validation, signal: Signal, cause: Cause, patch: Patch = {}): Validation {
    const to = transition(row, signal);
    const finished = to.moved && isFinal(to.state);
    const noted = to.moved || cause.note === true;
    // The results that finish it are the validation's own. All others stay with the callback that brought them.
    if (noted) this.#addTimeline(row.id, row.state, to.state, cause, !finished);
    const next: Validation = {
      ...row,
      ...patch,
      state: to.state,
      conclusion: to.conclusion,
      ...(to.moved && to.state !== "queued" ? { due_at: null } : {}),
      ...(to.moved && to.state !== "dispatching" ? { lease_id: null, lease_until: null } : {}),
      ...(finished ? { finished_at: cause.endedAt ?? this.now } : {}),
      watch_from: isAtGrainchain(to.state) ? (row.watch_from ?? patch.heard_at ?? this.now) : null,
    };
    this.#putValidation(next);
    if (to.moved && shownAs(row.state) !== shownAs(to.state)) this.#putReport(row.id);
    if (cause.results !== undefined && (finished || !(noted || isFinal(row.state)))) {
      this.add({ kind: "results", row: { validation_id: row.id, results: cause.results } });
    }
    return next;
  }

  /** Cancels a validation at Grainchain, if its id there is known. */
  addCancel({ id, grainchain_id }: Validation, reason: string): void {
    if (grainchain_id !== null)
      this.add({ kind: "cancel", row: { validation_id: id, grainchain_id, reason } });
  }

  #nextTurn(repository_id: number): number {
    const last_turn = Math.max(this.#currentTurn, (this.#lastTurns.get(repository_id) ?? 0) + 1);
    this.#lastTurns.set(repository_id, last_turn);
    this.#put({ kind: "turn", row: { repository_id, lane: this.#lane, last_turn } }, `${repository_id}`);
    return last_turn;
  }

  #put(mutation: Mutation, key: string): void {
    this.#mutations.set(`${mutation.kind} ${key}`, mutation);
  }

  #putValidation(row: Validation): void {
    this.#validations.set(row.id, row);
    this.#put({ kind: "validation", row, stored: this.#stored.get(row.id) }, row.id);
  }

  #putReport(validation_id: string): void {
    this.#put({ kind: "report", row: { validation_id } }, validation_id);
  }

  #addTimeline(
    validation_id: string,
    from_state: Validation["state"] | null,
    to_state: Validation["state"],
    { reason, deliveryId, results, resultsOf, onlyResults = false }: Cause,
    keepResults = false,
  ): void {
    const kept = keepResults && results !== undefined ? { results } : undefined;
    let live = {};
    if (kept !== undefined && resultsOf !== undefined) {
      live = { results_of: resultsOf, only_results: onlyResults };
      const row = { validation_id, results_of: resultsOf };
      this.#put({ kind: "liveResults", row }, `${validation_id} ${resultsOf}`);
    }
    const row = {
      validation_id,
      at: this.now,
      from_state,
      to_state,
      reason,
      delivery_id: deliveryId,
      ...kept,
      ...live,
    };
    this.add({ kind: "timeline", row });
  }
}

const isAtGrainchain = (state: Validation["state"]): boolean => state === "pending" || state === "running";

/** What GitHub is shown of a state: the same of one that is dispatched as of one that is queued, for example. */
function shownAs(state: Validation["state"]): Validation["state"] {
  if (state === "dispatching") return "queued";
  return state === "running" ? "pending" : state;
}

const subjectKey = (s: Pick<Subject, "repository_id" | "subject">): string =>
  `${s.repository_id}/${s.subject}`;
