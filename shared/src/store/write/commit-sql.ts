/** The statements of a decision's transaction. Each takes the rows of one kind, with `now`, as one JSON parameter. */

import { INSERT_ACTIONS } from "../operator-action.ts";
import { UPSERT_NAMES } from "../repository-names.ts";
import { EVENTS_GATE, GATE, GITHUB_GATE } from "../settings.ts";
import { UPSERT_LIMITS } from "../sql/limit.ts";
import { nextSeqOf } from "../sql/seq.ts";
import { SUBJECT_FIELDS } from "../subject-row.ts";
import {
  CLOSE_RECORDED_DEAD_LETTERS,
  COUNT_FAILED_DEAD_LETTERS,
  INSERT_DEAD_LETTERS,
  SETTLE_DEAD_LETTERS,
} from "./dead-letter-sql.ts";
import { DELETE_SETTLED_EVENTS, POSTPONE_EVENTS } from "./event-sql.ts";
import { insert, NOW } from "./insert-sql.ts";
import type { MutationKind } from "./mutation.ts";
import {
  installationOf,
  LEAVE_OUT_REPORTS,
  RELEASE_REPORTS,
  SETTLE_REPORTS,
  UPSERT_REPORTS,
} from "./report-sql.ts";
import { resultsOf } from "./results-sql.ts";
import { DROP_MIDDLE_RESULTS } from "./validation-sql.ts";

/** A version of 0 means that the row did not exist. */
export const GUARD = `
  INSERT INTO commit_guard (unchanged)
  SELECT 0 FROM json_each(?1) k
    LEFT JOIN subjects s ON s.repository_id = k.value->>0 AND s.subject = k.value->>1
    WHERE coalesce(s.version, 0) <> k.value->>2
  UNION ALL
  SELECT 0 FROM json_each(?2) k LEFT JOIN validations v ON v.id = k.value->>0
    WHERE coalesce(v.version, 0) <> k.value->>1
  UNION ALL
  SELECT 0 FROM json_each(?3) k CROSS JOIN validations v ON v.grainchain_id = k.value
  UNION ALL
  SELECT 0 FROM json_each(?4) k WHERE k.value->>1 <> (
    SELECT count(*) FROM callbacks_unmatched c WHERE c.given_id = k.value->>0 AND c.matched_at IS NULL)
  UNION ALL
  SELECT 0 FROM json_each(?5) k LEFT JOIN dead_letters l ON l.id = k.value->>0
    WHERE l.status IS NOT 'replaying' OR l.replay_id IS NOT k.value->>1`;

const without = (fields: readonly string[], ...names: string[]): string[] =>
  fields.filter((field) => !names.includes(field));

/** What an upsert sets in a row that is there already. */
const excluded = (columns: readonly string[]): string =>
  columns.map((column) => `${column} = excluded.${column}`).join(", ");

const NEXT_VERSION = "value->>'version' + 1";

const UPSERT_SUBJECTS = `${insert("subjects", without(SUBJECT_FIELDS, "edges", "version"), { edges: "value->'edges'", version: NEXT_VERSION })}
  ON CONFLICT (repository_id, subject) DO UPDATE SET
    ${excluded(without(SUBJECT_FIELDS, "repository_id", "subject", "kind", "number"))}`;

const INSERT_DELIVERIES = insert(
  "deliveries",
  [
    ...["id", "event", "action", "repository_id", "repository", "sender", "received_at", "outcome", "reason"],
    ...[
      "secret",
      "fingerprint",
      "digest",
      "validation_id",
      "occurred_at",
      "delivered_at",
      "throttled_at",
      "recovered_at",
    ],
  ],
  {
    seq: nextSeqOf("deliveries", "value->>'received_at'", "key"),
    recorded_at: NOW,
    moved: "value->'moved'",
  },
);

const DUE_NOW = { status: "'due'", wanted_at: NOW, due_at: NOW };

const INSERT_REACTIONS = `${insert(
  "reactions",
  ["delivery_id", "repository_id", "repository", "comment_id", "content"],
  { ...DUE_NOW, installation_id: installationOf("value->>'repository_id'") },
)}
  ON CONFLICT (delivery_id) DO NOTHING`;

const INSERT_APPROVALS = `${insert("approvals", ["delivery_id", "repository_id", "repository", "login"], {
  ...DUE_NOW,
  fact: "value->>'fact'",
  installation_id: installationOf("value->>'repository_id'"),
})}
  ON CONFLICT (delivery_id) DO NOTHING`;

/** Of an outbox that has one row a delivery. */
const settle = (table: "approvals" | "reactions"): string => `
  UPDATE ${table} SET status = o.value->>'status', reason = o.value->>'reason', attempts = o.value->>'attempts',
                      due_at = o.value->>'due_at',
                      installation_id = coalesce(o.value->>'installation_id', installation_id)
  FROM json_each(?1) AS o WHERE ${table}.delivery_id = o.value->>'delivery_id' AND ${table}.status = 'due'`;

const INSERT_CANCELS = `${insert("cancels", ["validation_id", "grainchain_id", "reason"], DUE_NOW)}
  ON CONFLICT (validation_id) DO UPDATE SET
    grainchain_id = excluded.grainchain_id, status = 'due', reason = excluded.reason, wanted_at = excluded.wanted_at,
    due_at = excluded.due_at, attempts = 0, done_at = NULL, outcome = NULL, error = NULL
  WHERE cancels.status <> 'due' AND cancels.grainchain_id <> excluded.grainchain_id`;

const INSERT_UNMATCHED = insert(
  "callbacks_unmatched",
  ["id", "received_at", "given_id", "repository", "pr_number", "status", "success", "error", "occurred_at"],
  { recorded_at: NOW, results: resultsOf("value") },
);

const MATCH_CALLBACKS = `
  UPDATE callbacks_unmatched SET matched_at = m.value->>'now', validation_id = m.value->>'validation_id'
  FROM json_each(?1) AS m WHERE callbacks_unmatched.id = m.value->>'id'`;

const SETTLE_CANCELS = `
  UPDATE cancels SET status = o.value->>'status', attempts = o.value->>'attempts', due_at = o.value->>'due_at',
                     outcome = o.value->>'outcome', error = o.value->>'error',
                     done_at = CASE WHEN o.value->>'status' = 'due' THEN NULL ELSE o.value->>'now' END
  FROM json_each(?1) AS o WHERE cancels.validation_id = o.value->>'validation_id' AND cancels.status = 'due'`;

/** A gate that another consumer has closed meanwhile, and for longer, stays as it is. */
const UPSERT_SETTINGS = `
  INSERT INTO settings (name, value, updated_at)
  SELECT value->>'name', value->'value', value->>'now' FROM json_each(?1) WHERE true
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
  WHERE NOT (excluded.name IN ('${GATE}', '${GITHUB_GATE}', '${EVENTS_GATE}') AND value->>'state' = 'closed' AND excluded.value->>'state' = 'closed'
             AND value->>'since' <> excluded.value->>'since' AND value->>'until' > excluded.value->>'until')`;

/** Of live or of replayed work. */
const UPSERT_TURNS = `
  INSERT INTO repositories (repository_id, last_turn, last_replay_turn)
  SELECT value->>'repository_id', CASE value->>'lane' WHEN 0 THEN value->>'last_turn' ELSE 0 END,
         CASE value->>'lane' WHEN 0 THEN 0 ELSE value->>'last_turn' END
  FROM json_each(?1) WHERE true
  ON CONFLICT (repository_id) DO UPDATE SET
    last_turn = max(last_turn, excluded.last_turn),
    last_replay_turn = max(last_replay_turn, excluded.last_replay_turn)`;

export const DELETE_STORED_RESULTS = `
  DELETE FROM callback_results WHERE id IN (SELECT value->>'id' FROM json_each(?1))`;

/** In this order: statements read what those before them wrote. */
export const WRITES: readonly (readonly [MutationKind, sql: string])[] = [
  ["subject", UPSERT_SUBJECTS],
  ...DROP_MIDDLE_RESULTS.map((sql) => ["liveResults", sql] as const),
  ["delivery", INSERT_DELIVERIES],
  ["delivery", UPSERT_NAMES],
  ["report", UPSERT_REPORTS],
  ["cancel", INSERT_CANCELS],
  ["deadLetter", INSERT_DEAD_LETTERS],
  ["settledDeadLetter", SETTLE_DEAD_LETTERS],
  ["settledDeadLetter", COUNT_FAILED_DEAD_LETTERS],
  ["delivery", CLOSE_RECORDED_DEAD_LETTERS],
  ["unmatched", INSERT_UNMATCHED],
  ["matched", MATCH_CALLBACKS],
  ["cancelOutcome", SETTLE_CANCELS],
  ["reportOutcome", SETTLE_REPORTS],
  ["reportOutcome", RELEASE_REPORTS],
  ["approval", INSERT_APPROVALS],
  ["approvalOutcome", settle("approvals")],
  ["reaction", INSERT_REACTIONS],
  ["reactionOutcome", settle("reactions")],
  ["eventOutcome", DELETE_SETTLED_EVENTS],
  ["eventOutcome", POSTPONE_EVENTS],
  ["limit", UPSERT_LIMITS],
  ["limit", LEAVE_OUT_REPORTS],
  ["setting", UPSERT_SETTINGS],
  ["turn", UPSERT_TURNS],
  ["action", INSERT_ACTIONS],
];
