/** Traces validations as steps, each with its time, the gap before it, and its reason. Pure. */
import type { DeadLetterItem } from "../../api/dead-letter.ts";
import type { DeliveryItem } from "../../api/delivery.ts";
import type { PauseItem } from "../../api/pause.ts";
import type { Trace, TraceStep } from "../../api/trace.ts";
import type { ValidationItem } from "../../api/validation.ts";
import { WAITS } from "../../wording/waiting.ts";
import type { Gate } from "../gate.ts";

interface TimelineRow {
  readonly validation_id: string;
  readonly at: string;
  readonly from_state: string | null;
  readonly to_state: string;
  readonly reason: string;
  /** Of a claim: Grainchain's last refusal of another validation while this one was waiting. */
  readonly met: string | null;
  /** Of the end of a run whose change is bad: the names of the steps that failed. */
  readonly failed_steps: string | null;
}

interface ReportRow {
  readonly validation_id: string;
  readonly status: string;
  readonly state: string;
  readonly due_at: string;
  readonly reason: string | null;
  readonly error: string | null;
  readonly posted_state: string | null;
  readonly posted_at: string | null;
}

/** The most that are counted. */
export const MAX_AHEAD = 1000;

/** How many runs are ahead of one. */
export function aheadText(ahead: number): string {
  if (ahead === 0) return "none, it is next";
  if (ahead === 1) return "1 run";
  return ahead < MAX_AHEAD ? `${ahead} runs` : "1,000 or more runs";
}

/** All rows of a trace. */
export interface TraceRows {
  readonly deliveries: readonly DeliveryItem[];
  /** The latest first. */
  readonly validations: readonly ValidationItem[];
  readonly timeline: readonly TimelineRow[];
  readonly reports: readonly ReportRow[];
  readonly deadLetters: readonly DeadLetterItem[];
  readonly gate: Gate;
  /** Old names in these rows, and the current names of their repositories. */
  readonly renamed: Trace["renamed"];
  /** Of each queued validation. */
  readonly waiting: ReadonlyMap<string, Waiting>;
}

interface Waiting {
  /** How many others are ahead of it, {@link MAX_AHEAD} at most. */
  readonly n: number;
  /** Only those of its repository: see `store/claim/set-aside.ts`. */
  readonly set_aside: boolean;
  /** The pause that holds it; null if there is none. */
  readonly pause: Omit<PauseItem, "repository"> | null;
}

type Step = Omit<TraceStep, "gap_ms">;

/** Undefined if nothing was found. */
export function buildTrace(kind: Trace["kind"], rows: TraceRows, now: string): Trace | undefined {
  const { deliveries, validations, deadLetters } = rows;
  const factDeadLetters = deadLetters.filter((deadLetter) => deadLetter.kind === "fact");
  if (deliveries.length + validations.length + factDeadLetters.length === 0) return undefined;
  return {
    kind,
    deliveries: [...deliveries],
    validations: validations.map((validation) => traceOf(validation, rows, now)),
    dead_letters: factDeadLetters,
    renamed: [...rows.renamed],
  };
}

function traceOf(validation: ValidationItem, rows: TraceRows, now: string): Trace["validations"][number] {
  const deadLetters = rows.deadLetters.filter(
    (one) => one.kind !== "fact" && one.validation_id === validation.id,
  );
  const steps = [
    ...deliverySteps(validation, rows),
    ...timelineSteps(validation, rows),
    ...reportSteps(rows.reports.find((report) => report.validation_id === validation.id)),
    ...deadLetters.map(deadLetterStep),
    ...waitingStep(validation, rows, now),
  ];
  return { validation, steps: withGaps(steps), dead_letters: deadLetters };
}

/** The outcomes of deliveries that began a validation. */
const BEGINNINGS = ["started", "held", "skipped", "reused"];

/** The steps of the delivery that the validation came from: it is recorded at the same time as the run is queued. */
function deliverySteps(validation: ValidationItem, { deliveries, timeline }: TraceRows): Step[] {
  const [first] = timeline.filter(({ validation_id }) => validation_id === validation.id);
  const delivery = deliveries.find(
    (one) => one.validation_id === validation.id && BEGINNINGS.includes(one.outcome),
  );
  if (delivery === undefined || first === undefined) return [];
  const name = `${delivery.event}${delivery.action === null ? "" : ` ${delivery.action}`}`;
  const { received_at, recorded_at } = delivery;
  return [
    ...(delivery.event === "audit"
      ? at(received_at, "audited", `the audit found it on GitHub (${delivery.id})`)
      : arrivalSteps(delivery, name)),
    ...at(recorded_at, "recorded", `${delivery.outcome}${lateness(delivery)}`),
  ];
}

/** How GitHub's delivery arrived. */
function arrivalSteps(delivery: DeliveryItem, name: string): Step[] {
  const { id, sender, occurred_at, throttled_at, delivered_at, received_at, recovered_at, secret } = delivery;
  return [
    ...at(occurred_at, "happened", `${name} by ${sender ?? "an unknown sender"}`),
    ...at(throttled_at, "throttled", "GitHub held the delivery back"),
    ...at(delivered_at, "delivered", "GitHub sent it"),
    ...at(
      recovered_at === null ? received_at : null,
      "accepted",
      `202, delivery ${id}${secret === null ? "" : `, signed with the secret ${secret}`}`,
    ),
    ...at(recovered_at, "recovered", "GitHub's delivery had failed; it was fetched"),
  ];
}

/** A longer delay of GitHub is shown. */
const LATE_MS = 60_000;

function lateness({ event, occurred_at, received_at }: DeliveryItem): string {
  if (occurred_at === null || event === "audit") return "";
  const late = Date.parse(received_at) - Date.parse(occurred_at);
  return late < LATE_MS ? "" : `; GitHub delivered it ${Math.round(late / 1000)} s after it happened`;
}

const timelineSteps = (validation: ValidationItem, { timeline }: TraceRows): Step[] =>
  timeline
    .filter(({ validation_id }) => validation_id === validation.id)
    .map((entry, index, own) => ({
      at: entry.at,
      step: entry.from_state === entry.to_state ? "callback" : entry.to_state,
      detail: `${entry.reason}${waitedFor(entry, own[index - 1])}${whyEnded(entry, validation)}`,
    }));

/** Why a run broke, or which of its steps failed, unless the reason says so already. */
function whyEnded({ from_state, to_state, reason, failed_steps }: TimelineRow, run: ValidationItem): string {
  if (from_state === to_state || to_state !== run.state || run.finished_at === null) return "";
  if (failed_steps !== null) return `; failed: ${failed_steps}`;
  return run.error === null || reason.includes(run.error) ? "" : `: ${run.error}`;
}

/** A shorter wait is the time of a wake-up in the queue. */
const WAIT_MS = 10_000;

/** Why a claim was late. Grainchain's answer to this validation itself is the step before. */
function waitedFor(entry: TimelineRow, before: TimelineRow | undefined): string {
  if (entry.to_state !== "dispatching" || before === undefined || before.from_state === "dispatching")
    return "";
  if (entry.met !== null) return `; meanwhile Grainchain answered: ${entry.met}`;
  const waitedMs = Date.parse(entry.at) - Date.parse(before.at);
  return waitedMs < WAIT_MS ? "" : "; waited for its turn or for capacity";
}

function reportSteps(report: ReportRow | undefined): Step[] {
  if (report === undefined) return [];
  const { posted_at, posted_state, status, reason, error, due_at } = report;
  return [
    ...at(posted_at, "reported", `posted to GitHub: ${posted_state}`),
    ...(status === "skipped" ? at(due_at, "not reported", reason ?? "skipped") : []),
    ...(status === "due" && error !== null ? at(due_at, "report due", `will retry: ${error}`) : []),
    ...(status === "due" && error === null && reason !== null ? at(due_at, "report due", reason) : []),
  ];
}

const deadLetterStep = (deadLetter: DeadLetterItem): Step => ({
  at: deadLetter.died_at,
  step: "dead letter",
  detail: `${deadLetter.id}: ${deadLetter.class} after ${deadLetter.attempts} ${deadLetter.attempts === 1 ? "attempt" : "attempts"}, ${deadLetter.status}${deadLetter.outcome === null ? "" : ` (${deadLetter.outcome})`}`,
});

function waitingStep(validation: ValidationItem, rows: TraceRows, now: string): Step[] {
  const detail = waitingFor(validation, rows, now);
  return detail === undefined ? [] : [{ at: now, step: "now", detail }];
}

/** What a validation that has not finished is waiting for. */
function waitingFor(
  { id, state, due_at, error }: ValidationItem,
  { gate, waiting }: TraceRows,
  now: string,
): string | undefined {
  if (state === "dispatching") return WAITS.dispatch;
  if (state === "pending" || state === "running") return `waiting for ${WAITS.result}`;
  if (state === "held") return `waiting for ${WAITS.approval}`;
  if (state !== "queued") return undefined;
  const { n: before, set_aside, pause } = waiting.get(id) ?? NOTHING_AHEAD;
  if (pause !== null) {
    const until = pause.until === null ? "" : ` until ${pause.until}`;
    const reason = pause.reason === null ? "" : `: ${pause.reason}`;
    return `waiting: dispatch is paused by ${pause.actor} since ${pause.paused_at}${until}${reason}`;
  }
  if (gate.state === "closed") {
    const until = gate.until > now ? `, next try ${gate.until}` : "";
    return `waiting: Grainchain's gate has been closed since ${gate.since} (${gate.reason}: ${gate.detail})${until}`;
  }
  if (due_at !== null && due_at > now) {
    return `waiting until ${due_at} to try again: ${error ?? "no answer"}`;
  }
  return `waiting for ${set_aside ? WAITS.share : WAITS.turn}; ahead of it: ${aheadText(before)}`;
}

const NOTHING_AHEAD: Waiting = { n: 0, set_aside: false, pause: null };

const at = (when: string | null, step: string, detail: string): Step[] =>
  when === null ? [] : [{ at: when, step, detail }];

/** In the order of time; steps of one moment keep theirs. */
function withGaps(steps: readonly Step[]): TraceStep[] {
  const sorted = steps.toSorted((a, b) => a.at.localeCompare(b.at));
  return sorted.map((step, index) => {
    const before = sorted[index - 1];
    return { ...step, gap_ms: before === undefined ? null : Date.parse(step.at) - Date.parse(before.at) };
  });
}
