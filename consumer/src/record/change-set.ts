/** A decision in the making: the rows it was read from, and what it changes so far. Nothing is written here. */
import { type Late, NONE_LATE } from "@webhook-gateway/shared/domain/late-callback.ts";
import { isFinal, type Signal, transition } from "@webhook-gateway/shared/domain/validation.ts";
import type { WantedReaction } from "@webhook-gateway/shared/store/claim/reactions.ts";
import {
  type Changes,
  type DeadLetter,
  type DeliveryRow,
  type DroppedCallback,
  noChanges,
  type Results,
  type SettledLetter,
  type Subject,
  type UnmatchedCallback,
  type Validation,
} from "@webhook-gateway/shared/store/rows.ts";
import type { Snapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";

/** Why a signal came, for the timeline. */
export interface Cause {
  readonly reason: string;
  /** The delivery or callback behind it. */
  readonly deliveryId: string | null;
  /** Written to the timeline even where the signal moves nothing. */
  readonly note?: boolean;
  readonly results?: Results | undefined;
}

type LeaseColumn = "attempts" | "due_at" | "lease_id" | "lease_until";
type HeardColumn = "grainchain_id" | "error" | "started_at" | "heard_at" | keyof Late;

/** Columns that a signal may set beside the state. */
export type Patch = Partial<Pick<Validation, LeaseColumn | HeardColumn>>;

export class Draft {
  readonly now: string;
  readonly #subjects = new Map<string, Subject>();
  readonly #heads: Changes["heads"][number][] = [];
  readonly #validations = new Map<string, Validation>();
  readonly #lastTurns: Map<number, number>;
  readonly #currentTurn: number;
  readonly #lane: 0 | 1;
  readonly #touchedSubjects = new Set<string>();
  readonly #touchedValidations = new Set<string>();
  readonly #reports = new Set<string>();
  readonly #turns = new Set<number>();
  readonly #lists: {
    -readonly [Kind in
      | "results"
      | "timeline"
      | "deliveries"
      | "cancels"
      | "reactions"
      | "letters"
      | "deadLetters"
      | "unmatched"
      | "dropped"
      | "unknownIds"
      | "matched"]: [...Changes[Kind]];
  } = {
    results: [],
    timeline: [],
    deliveries: [],
    cancels: [],
    reactions: [],
    letters: [],
    deadLetters: [],
    unmatched: [],
    dropped: [],
    unknownIds: [],
    matched: [],
  };

  /** @param lane of what is queued: 0 live, 1 replayed */
  constructor(now: string, snapshot: Partial<Snapshot>, lane: 0 | 1 = 0) {
    this.now = now;
    this.#lane = lane;
    for (const subject of snapshot.subjects ?? []) this.#subjects.set(subjectKey(subject), subject);
    for (const validation of snapshot.validations ?? []) this.#validations.set(validation.id, validation);
    this.#lastTurns = new Map(snapshot.lastTurns ?? []);
    this.#currentTurn = snapshot.currentTurn ?? 0;
  }

  subject(repositoryId: number, subject: string): Subject | undefined {
    return this.#subjects.get(subjectKey({ repository_id: repositoryId, subject }));
  }

  subjectsWithHead(repositoryId: number, headSha: string): Subject[] {
    return [...this.#subjects.values()].filter(
      (s) => s.repository_id === repositoryId && s.head_sha === headSha,
    );
  }

  /** Writes a subject, even unchanged: a decision that relied on it must not outlive it. */
  putSubject(subject: Subject): void {
    const before = this.subject(subject.repository_id, subject.subject);
    if (before !== undefined && (before.state !== subject.state || before.head_sha !== subject.head_sha))
      this.#heads.push(
        ...[before, subject].map(({ repository_id, head_sha }) => ({ repository_id, head_sha })),
      );
    this.#subjects.set(subjectKey(subject), subject);
    this.#touchedSubjects.add(subjectKey(subject));
  }

  validation(id: string): Validation | undefined {
    return this.#validations.get(id);
  }

  validations(): Validation[] {
    return [...this.#validations.values()];
  }

  /** A subject's validations, as far as they were read: what is live, and every run of the heads in question. */
  runsOf(subject: Pick<Subject, "repository_id" | "subject">): Validation[] {
    return this.validations().filter(
      (row) => row.repository_id === subject.repository_id && row.subject === subject.subject,
    );
  }

  /** Queues a new validation behind its repository's earlier ones. */
  addValidation(row: Omit<Validation, "turn" | "lane">, cause: Cause): void {
    this.#putValidation({ ...row, lane: this.#lane, turn: this.#nextTurn(row.repository_id) });
    this.#reports.add(row.id);
    this.#addTimeline(row.id, null, row.state, cause);
  }

  /** Queues a dead validation again, behind its repository's others. */
  requeue(row: Validation, cause: Cause): void {
    const turn = this.#nextTurn(row.repository_id);
    const patch = { attempts: 0, error: null, finished_at: null, lane: this.#lane, turn, ...NONE_LATE };
    const next = this.signal(row, { type: "replayed" }, cause);
    this.#putValidation({ ...next, ...patch });
    this.#reports.add(row.id);
  }

  /** Writes to the timeline why nothing moved. */
  note(row: Validation, cause: Cause): void {
    this.#addTimeline(row.id, row.state, row.state, cause);
    this.#putValidation(row);
  }

  settleLetter(settled: SettledLetter): void {
    this.#lists.letters.push(settled);
  }

  #nextTurn(repositoryId: number): number {
    const turn = Math.max(this.#currentTurn, (this.#lastTurns.get(repositoryId) ?? 0) + 1);
    this.#lastTurns.set(repositoryId, turn);
    this.#turns.add(repositoryId);
    return turn;
  }

  /** Applies a signal with its timeline entry, report and patch. @returns the validation after it */
  signal(row: Validation, signal: Signal, cause: Cause, patch: Patch = {}): Validation {
    const to = transition(row, signal);
    const finished = to.moved && isFinal(to.state);
    const noted = to.moved || cause.note === true;
    // The results that finish it are the validation's own; all others stay with the word that brought them.
    if (noted) this.#addTimeline(row.id, row.state, to.state, cause, !finished);
    const next: Validation = {
      ...row,
      ...patch,
      state: to.state,
      conclusion: to.conclusion,
      ...(to.moved && to.state !== "queued" ? { due_at: null } : {}),
      ...(to.moved && to.state !== "dispatching" ? { lease_id: null, lease_until: null } : {}),
      ...(finished ? { finished_at: this.now } : {}),
    };
    this.#putValidation(next);
    // Between queued and dispatching nothing changes that GitHub could show.
    if (to.moved && to.state !== "queued" && to.state !== "dispatching") this.#reports.add(row.id);
    if (cause.results !== undefined && (finished || !(noted || isFinal(row.state)))) {
      this.#lists.results.push({ validation_id: row.id, results: cause.results });
    }
    return next;
  }

  addCancel(validationId: string, grainchainId: string, reason: string): void {
    this.#lists.cancels.push({ validation_id: validationId, grainchain_id: grainchainId, reason });
  }

  addDelivery(row: DeliveryRow): void {
    this.#lists.deliveries.push(row);
  }

  addReaction(reaction: WantedReaction): void {
    this.#lists.reactions.push(reaction);
  }

  addDeadLetter(letter: DeadLetter): void {
    this.#lists.deadLetters.push(letter);
  }

  /** Its id may be that of a dispatch which has not answered yet. */
  addUnmatched(callback: UnmatchedCallback): void {
    this.#lists.unmatched.push(callback);
    this.#lists.unknownIds.push(callback.given_id);
  }

  addDropped(callback: DroppedCallback): void {
    this.#lists.dropped.push(callback);
  }

  addMatched(id: string, validationId: string): void {
    this.#lists.matched.push({ id, validation_id: validationId });
  }

  changes(): Changes {
    return {
      ...noChanges(this.now),
      ...this.#lists,
      subjects: [...this.#subjects].flatMap(([key, s]) => (this.#touchedSubjects.has(key) ? [s] : [])),
      validations: this.validations().filter((row) => this.#touchedValidations.has(row.id)),
      reports: [...this.#reports].map((id) => ({ validation_id: id })),
      heads: this.#heads,
      turns: [...this.#turns].map((id) => ({
        repository_id: id,
        lane: this.#lane,
        last_turn: this.#lastTurns.get(id) ?? 0,
      })),
    };
  }

  #putValidation(row: Validation): void {
    this.#validations.set(row.id, row);
    this.#touchedValidations.add(row.id);
  }

  #addTimeline(
    validationId: string,
    from: Validation["state"] | null,
    to: Validation["state"],
    cause: Cause,
    keepResults = false,
  ): void {
    this.#lists.timeline.push({
      validation_id: validationId,
      at: this.now,
      from_state: from,
      to_state: to,
      reason: cause.reason,
      delivery_id: cause.deliveryId,
      ...(keepResults && cause.results !== undefined ? { results: cause.results } : {}),
    });
  }
}

const subjectKey = (s: Pick<Subject, "repository_id" | "subject">): string =>
  `${s.repository_id}/${s.subject}`;
