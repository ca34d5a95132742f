/** Whether what was found is what has to be. Pure. */
import type { Findings, Found } from "../observe/findings.ts";
import type { Fault, FaultKind } from "./spec.ts";

const MINUTE_MS = 60_000;
/** From its arrival, outside of outages. */
const MAX_RECORDING_MS = 30_000;
/** After its cause began, and the time that the condition itself names. */
const MAX_ALERT_MS = 6 * MINUTE_MS;
const MAX_ROWS_READ = 100_000;
const MAX_STATEMENT_MS = 1_000;

/** The alert that a fault has to raise, and after how long its condition holds. */
const ALERTS: Readonly<Partial<Record<FaultKind, { readonly condition: RegExp; readonly ownMs: number }>>> = {
  grainchain: { condition: /^gate Grainchain$/, ownMs: 5 * MINUTE_MS },
  github: { condition: /^gate GitHub$/, ownMs: 5 * MINUTE_MS },
  database: { condition: /^database away$/, ownMs: 5 * MINUTE_MS },
  full: { condition: /^database full$/, ownMs: 0 },
};

/** When a fault raised its alert. Times are since the fault began. */
export interface RaisedAlert {
  readonly kind: FaultKind;
  readonly afterMs: number | undefined;
  readonly allowedMs: number;
  readonly late: boolean;
}

/** The faults that last long enough to be alerted on. */
export const raisedAlerts = ({ alerts }: Findings, faults: readonly Fault[]): readonly RaisedAlert[] =>
  faults.flatMap(({ kind, fromMs, toMs }) => {
    const expected = ALERTS[kind];
    if (expected === undefined) return [];
    const allowedMs = expected.ownMs + MAX_ALERT_MS;
    const first = alerts.find(
      ({ atMs, condition, state }) =>
        atMs >= fromMs && state === "firing" && expected.condition.test(condition),
    );
    const afterMs = first === undefined ? undefined : first.atMs - fromMs;
    const isLate = afterMs === undefined ? toMs - fromMs >= allowedMs : afterMs > allowedMs;
    return [{ kind, afterMs, allowedMs, late: isLate }];
  });

/** From the beginning of the audit until everything is judged. */
const MAX_JUDGED_MS = 10 * MINUTE_MS;

/** Everything that must not be, one a line; empty: all is well. */
export function problemsOf(findings: Findings, faults: readonly Fault[]): readonly string[] {
  const { delays, statements, errors } = findings;
  const { callbacksRefused = 0 } = findings.counts.grainchain ?? {};
  const named: readonly (readonly [string, Found])[] = [
    ["lost", findings.lost],
    ["run twice", findings.doubledRuns],
    ["check runs created twice", findings.doubledChecks],
    ["open pull requests without a result", findings.unfinished],
    ["results that GitHub does not show", findings.disagreeing],
    ["rows that break an invariant", findings.broken],
    ["dead letters", findings.deadLetters],
    ["errors that no fault explains", findings.unexplained],
  ];
  return [
    ...named.flatMap(([what, { count, examples }]) =>
      count === 0 ? [] : [`${what}: ${count}: ${examples.join("; ")}`],
    ),
    ...findings.stuck.map(({ stage, atMs, ageMs, explainedMs }) => {
      const minutes = (ms: number) => `${Math.round(ms / MINUTE_MS)} min`;
      return `stuck in ${stage}: after ${minutes(atMs)}, the oldest for ${minutes(ageMs)}, ${minutes(explainedMs)} of it explained`;
    }),
    ...(callbacksRefused > 0 ? [`callbacks refused: ${callbacksRefused}`] : []),
    ...(delays.calm.max > MAX_RECORDING_MS
      ? [`recorded ${Math.round(delays.calm.max / 1000)} s after its arrival, outside of outages`]
      : []),
    ...(findings.audit !== null && !(findings.audit.judgedMs <= MAX_JUDGED_MS)
      ? [`all judged ${Math.round(findings.audit.judgedMs / 1000)} s after the audit began`]
      : []),
    ...raisedAlerts(findings, faults)
      .filter(({ late }) => late)
      .map(
        ({ kind, afterMs }) =>
          `the alert about ${kind}: ${afterMs === undefined ? "none" : `after ${Math.round(afterMs / 1000)} s`}`,
      ),
    ...statements
      .filter(
        ({ maxRowsRead, maxSimulatedMs }) => maxRowsRead > MAX_ROWS_READ || maxSimulatedMs > MAX_STATEMENT_MS,
      )
      .map(
        ({ sql, maxRowsRead, maxSimulatedMs }) =>
          `a statement of ${maxRowsRead} rows read, ${Math.round(maxSimulatedMs)} ms: ${shortSql(sql)}`,
      ),
    ...Object.entries(errors).map(
      ([text, count]) => `an invocation ended with an error, ${count} times: ${text}`,
    ),
  ];
}

export const shortSql = (sql: string, length = 90): string =>
  sql.trim().replaceAll(/\s+/g, " ").slice(0, length);
