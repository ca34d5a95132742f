/** What the page of a run is made of: nothing else is read for it, so nothing else can be shown. */
import * as v from "valibot";
import { archivedResultsKey } from "../../archive/keys.ts";
import type { ResultsObject } from "../../domain/results/summary.ts";
import { NO_RESULTS, NO_VERDICT } from "../../domain/results/verdict.ts";
import { SUBJECT_KINDS } from "../../domain/subject.ts";
import { MAX_AHEAD } from "../../domain/trace/trace.ts";
import { CONCLUSIONS, VALIDATION_STATES } from "../../domain/validation.ts";
import { type Digest, digestOfResults, readDigest } from "../../wording/digest.ts";
import { flag } from "../flag.ts";
import { pauseOf, pauseSchema } from "../pauses.ts";
import { currentNameOf } from "../repository-names.ts";
import { GATE, parseGate } from "../settings.ts";
import { digestOf } from "../sql/digest.ts";
import { minuteOf } from "../tallies.ts";
import { aheadOf } from "./ahead.ts";

const time = v.nullable(v.string());

const runRow = v.object({
  id: v.string(),
  /** Its current name. */
  repository: v.string(),
  clone_url: v.string(),
  /** What is not known is shown like a branch. */
  kind: v.fallback(v.picklist(SUBJECT_KINDS), "push"),
  /** Of the pull request; 0 if there is none. */
  number: v.number(),
  pr_url: v.string(),
  ref: v.string(),
  head_sha: v.string(),
  run: v.number(),
  state: v.picklist(VALIDATION_STATES),
  conclusion: v.nullable(v.picklist(CONCLUSIONS)),
  dispatch_attempts: v.number(),
  /** During a backoff: not dispatched before this time. */
  due_at: time,
  created_at: v.string(),
  dispatched_at: time,
  started_at: time,
  finished_at: time,
  digest: v.nullable(v.pipe(v.string(), v.parseJson())),
  /** Where the whole of the digest is, in the archive; null if this is all. */
  archived: v.fallback(v.nullable(v.string()), null),
  grainchain_id: v.nullable(v.string()),
  /** The gateway's own words about results that say nothing; the errors of calls are not read. */
  error: v.nullable(v.string()),
  /** Why it is held or skipped. */
  reason: v.nullable(v.string()),
  /** The run of the same files whose success stands for it. */
  reused_from: v.nullable(v.string()),
  /** What cancelled it; null if it is not cancelled, or Grainchain did it. */
  cancelled_by: v.nullable(v.picklist(["close", "comment", "operator"])),
  /** How many are ahead of it, {@link MAX_AHEAD} at most; null if it is not queued. */
  ahead: v.nullable(v.number()),
  /** Those are of its own repository only. */
  set_aside: flag,
  /** The pause of dispatch that holds it, without who asked for it and why; null if there is none. */
  pause: v.nullable(v.pipe(v.string(), v.parseJson(), v.pick(pauseSchema, ["paused_at", "until"]))),
  /** Runs at Grainchain that ended in the last hour; null if it is not queued. */
  ended: v.nullable(v.number()),
  /** The newest run of the newest head, if it is another one. */
  newer: v.nullable(
    v.pipe(v.string(), v.parseJson(), v.object({ id: v.string(), head_sha: v.string(), run: v.number() })),
  ),
});

type RunRow = v.InferOutput<typeof runRow>;

/** Why nothing is sent to Grainchain, without its answer. */
export interface ShownGate {
  readonly reason: "backpressure" | "configuration" | "unavailable";
  readonly since: string;
}

/** A run for anyone who can see its check. It holds no name of an operator, no other repository and no error of the gateway. */
export interface RunView extends Readonly<Omit<RunRow, "digest" | "grainchain_id">> {
  readonly digest: Digest;
  /** Null if it is open, or the run is not queued. */
  readonly gate: ShownGate | null;
}

/** Of each step. Steps with more have the end of it. */
const MAX_OUTPUT = 16_000;

/** Loads a run in one round trip, at a cost that does not depend on the backlog. @returns undefined if it is gone */
export async function loadRunView(db: D1Database, id: string, now: Date): Promise<RunView | undefined> {
  const hourAgo = new Date(now.getTime() - 3_600_000).toISOString();
  const [rows, gates] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_RUN).bind(id, minuteOf(hourAgo), now.toISOString()),
    db.prepare("SELECT value FROM settings WHERE name = ?1").bind(GATE),
  ]);
  const [row] = v.parse(v.array(runRow), rows?.results ?? []);
  if (row === undefined) return undefined;
  const gate = parseGate(gates?.results[0]?.value);
  const { grainchain_id, ...shown } = row;
  return {
    ...shown,
    digest: shownDigest(readDigest(row.digest, MAX_OUTPUT)),
    archived: archivedResultsKey({ archived: row.archived }, [id, grainchain_id]) ?? null,
    gate:
      row.state === "queued" && gate.state === "closed" ? { reason: gate.reason, since: gate.since } : null,
  };
}

/** The digest of whole results, as the page shows it. */
export const digestOfWhole = (results: ResultsObject): Digest =>
  shownDigest(digestOfResults(results, MAX_OUTPUT));

const shownDigest = ({ error, ...digest }: Digest): Digest => ({
  ...digest,
  error: error === null ? null : withoutAddresses(error),
});

/** A sandbox that broke may name the servers that it could not reach. */
const withoutAddresses = (text: string): string =>
  text.replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/gi, "[address]");

/** Steps are shown once they are complete. */
const WITH_STEPS: readonly string[] = ["completed", "failed", "timed_out"];
export const hasSteps = (state: string): boolean => WITH_STEPS.includes(state);
const HAS_STEPS = `v.state IN (${WITH_STEPS.map((state) => `'${state}'`).join(", ")}) AND v.results IS NOT NULL`;

/** The gateway's own words about a run that broke. */
export const ownError = (state: string, error: string | null): string | null =>
  state === "failed" && (error === NO_RESULTS || error === NO_VERDICT) ? error : null;

/** ?1: the id. ?2: the minute an hour ago. ?3: now */
export const SELECT_RUN = `
  SELECT v.id, coalesce(${currentNameOf("v.repository_id")}, v.repository) AS repository, v.clone_url, v.event AS kind,
         v.pr_number AS number, v.pr_url, v.ref, v.head_sha, v.run, v.state, v.conclusion,
         v.attempts AS dispatch_attempts, v.due_at, v.created_at, v.dispatched_at, v.started_at, v.finished_at,
         CASE WHEN ${HAS_STEPS} THEN ${digestOf("v.results", MAX_OUTPUT)} END AS digest,
         CASE WHEN ${HAS_STEPS} THEN v.results->>'$.archived' END AS archived, v.grainchain_id,
         CASE WHEN v.state = 'failed' AND v.error IN ('${NO_RESULTS}', '${NO_VERDICT}') THEN v.error END AS error, v.reason, v.reused_from,
         CASE WHEN v.state = 'cancelled' THEN (
           SELECT CASE WHEN t.reason LIKE 'pull request %' OR t.reason LIKE 'merge group %' THEN 'close'
                       WHEN t.reason LIKE 'cancelled by github:%' THEN 'comment'
                       WHEN t.reason LIKE 'cancelled by %' THEN 'operator' END
           FROM timeline t WHERE t.validation_id = v.id AND t.to_state = 'cancelled' ORDER BY t.id LIMIT 1)
           END AS cancelled_by,
         CASE WHEN v.state = 'queued' THEN (${aheadOf("v")}) END AS ahead, v.lane > 1 AS set_aside,
         CASE WHEN v.state = 'queued' THEN ${pauseOf("v.repository_id", "?3", ["paused_at", "until"])} END AS pause,
         CASE WHEN v.state = 'queued' THEN (
           SELECT coalesce(sum(n), 0) FROM tallies
           WHERE kind = 'ended' AND key > ?2 AND name IN ('completed', 'failed', 'timed_out')) END AS ended,
         (SELECT json_object('id', n.id, 'head_sha', n.head_sha, 'run', n.run)
          FROM (SELECT n.id, n.head_sha, n.run FROM subjects s JOIN validations n
                  ON n.repository_id = s.repository_id AND n.subject = s.subject AND n.head_sha = s.head_sha
                WHERE s.repository_id = v.repository_id AND s.subject = v.subject
                ORDER BY n.run DESC LIMIT 1) n
          WHERE n.id <> v.id) AS newer
  FROM validations v WHERE v.id = ?1`;

/** When it will probably start, at the rate of the last hour; undefined if that cannot be told. */
export function expectedStart(run: RunView, nowMs: number): number | undefined {
  const { ahead, ended, due_at, gate, pause, set_aside } = run;
  if (pause !== null || set_aside) return undefined;
  if (ahead === null || ended === null || ended === 0 || ahead === MAX_AHEAD || due_at !== null)
    return undefined;
  if (gate !== null && gate.reason !== "backpressure") return undefined;
  return nowMs + (ahead / ended) * 3_600_000;
}
