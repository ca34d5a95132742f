/** The statements of a decision's transaction. Each takes the rows of one kind as one JSON parameter. */
import { GATE, GITHUB_GATE } from "../settings.ts";

/** A version read as 0 stands for a row that was not there. */
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

export const UPSERT_SUBJECTS = `
  INSERT INTO subjects (repository_id, subject, repository, kind, number, url, clone_url, head_sha, head_ref,
                        base_sha, draft, state, at, edges, close_outstanding, version)
  SELECT value->>'repository_id', value->>'subject', value->>'repository', value->>'kind', value->>'number',
         value->>'url', value->>'clone_url', value->>'head_sha', value->>'head_ref', value->>'base_sha',
         value->>'draft', value->>'state', value->>'at', value->>'edges', value->>'close_outstanding',
         value->>'version' + 1
  FROM json_each(?1) WHERE true
  ON CONFLICT (repository_id, subject) DO UPDATE SET
    repository = excluded.repository, url = excluded.url, clone_url = excluded.clone_url,
    head_sha = excluded.head_sha, head_ref = excluded.head_ref, base_sha = excluded.base_sha,
    draft = excluded.draft, state = excluded.state, at = excluded.at, edges = excluded.edges,
    close_outstanding = excluded.close_outstanding, version = excluded.version`;

export const UPSERT_VALIDATIONS = `
  INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
                           head_sha, base_sha, run, cause, delivery_id, state, conclusion, lane, turn, attempts,
                           due_at, lease_id, lease_until, grainchain_id, error, created_at, dispatched_at,
                           started_at, finished_at, heard_at, late_callbacks, late_results, updated_at, version)
  SELECT value->>'id', value->>'repository_id', value->>'repository', value->>'subject', value->>'event',
         value->>'pr_number', value->>'pr_url', value->>'clone_url', value->>'ref', value->>'head_sha',
         value->>'base_sha', value->>'run', value->>'cause', value->>'delivery_id', value->>'state',
         value->>'conclusion', value->>'lane', value->>'turn', value->>'attempts', value->>'due_at',
         value->>'lease_id', value->>'lease_until', value->>'grainchain_id', value->>'error',
         value->>'created_at', value->>'dispatched_at', value->>'started_at', value->>'finished_at',
         value->>'heard_at', value->>'late_callbacks', value->>'late_results', value->>'updated_at',
         value->>'version' + 1
  FROM json_each(?1) WHERE true
  ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, conclusion = excluded.conclusion, lane = excluded.lane, turn = excluded.turn,
    attempts = excluded.attempts, due_at = excluded.due_at, lease_id = excluded.lease_id,
    lease_until = excluded.lease_until, grainchain_id = excluded.grainchain_id, error = excluded.error,
    dispatched_at = excluded.dispatched_at, started_at = excluded.started_at,
    finished_at = excluded.finished_at, heard_at = excluded.heard_at,
    late_callbacks = excluded.late_callbacks, late_results = excluded.late_results, updated_at = excluded.updated_at,
    version = excluded.version`;

/** Inline, waiting as a large callback, or held by a callback that was unmatched until now. */
const RESULTS_OF_VALUE = `coalesce(
    value->'results',
    (SELECT results FROM callback_results WHERE id = value->>'stored_under'),
    (SELECT results FROM callbacks_unmatched WHERE id = value->>'stored_under'))`;

export const SET_RESULTS = `
  UPDATE validations SET results = given.results
  FROM (SELECT value->>'id' AS id, ${RESULTS_OF_VALUE} AS results FROM json_each(?1)) AS given
  WHERE validations.id = given.id`;

export const INSERT_TIMELINE = `
  INSERT INTO timeline (validation_id, at, from_state, to_state, reason, delivery_id, results)
  SELECT value->>'validation_id', value->>'at', value->>'from_state', value->>'to_state', value->>'reason',
         value->>'delivery_id', ${RESULTS_OF_VALUE}
  FROM json_each(?1)`;

export const INSERT_DELIVERIES = `
  INSERT INTO deliveries (id, event, action, repository_id, repository, sender, received_at, recorded_at, outcome,
                          reason, validation_id, occurred_at, delivered_at, throttled_at, recovered_at)
  SELECT value->>'id', value->>'event', value->>'action', value->>'repository_id', value->>'repository',
         value->>'sender', value->>'received_at', value->>'recorded_at', value->>'outcome', value->>'reason',
         value->>'validation_id', value->>'occurred_at', value->>'delivered_at', value->>'throttled_at',
         value->>'recovered_at'
  FROM json_each(?1)`;

/** One report a validation: the newest state is the one wanted. State and conclusion are read from its row. */
export const UPSERT_REPORTS = `
  INSERT INTO reports (validation_id, repository_id, head_sha, context, state, conclusion, priority, status,
                       wanted_at, due_at)
  SELECT v.id, v.repository_id, v.head_sha, CASE v.event WHEN 'push' THEN 'push' ELSE 'pull_request' END,
         v.state, v.conclusion, CASE WHEN v.finished_at IS NULL THEN 1 ELSE 0 END, 'due', value->>'now', value->>'now'
  FROM json_each(?1) JOIN validations v ON v.id = value->>'validation_id' WHERE true
  ON CONFLICT (validation_id) DO UPDATE SET
    state = excluded.state, conclusion = excluded.conclusion, priority = excluded.priority, status = 'due',
    reason = NULL, wanted_at = excluded.wanted_at, due_at = excluded.due_at, attempts = 0, revision = revision + 1`;

/**
 * What was posted is kept whatever is wanted by now; where that has changed since the claim, the report stays due. A
 * lease that has run out meanwhile settles nothing: whoever claims the report next looks at GitHub first.
 */
export const SETTLE_REPORTS = `
  UPDATE reports SET
    status = CASE revision WHEN o.value->>'revision' THEN o.value->>'status' ELSE 'due' END,
    due_at = CASE revision WHEN o.value->>'revision' THEN o.value->>'due_at' ELSE o.value->>'now' END,
    attempts = CASE revision WHEN o.value->>'revision' THEN o.value->>'attempts' ELSE 0 END,
    reason = o.value->>'reason', error = o.value->>'error',
    claims = o.value->>'uncertain', lease_id = NULL, lease_until = NULL,
    posts = posts + (o.value->>'posted' IS NOT NULL),
    post_number = coalesce(o.value->>'$.posted.number', post_number),
    posted_state = CASE WHEN o.value->>'posted' IS NULL AND o.value->>'status' <> 'posted'
                        THEN posted_state ELSE o.value->>'state' END,
    posted_conclusion = CASE WHEN o.value->>'posted' IS NULL AND o.value->>'status' <> 'posted'
                             THEN posted_conclusion ELSE o.value->>'conclusion' END,
    posted_at = CASE WHEN o.value->>'posted' IS NULL THEN posted_at ELSE o.value->>'now' END,
    posted_hash = coalesce(o.value->>'$.posted.hash', posted_hash),
    external_id = coalesce(o.value->>'$.posted.external_id', external_id)
  FROM json_each(?1) AS o
  WHERE reports.validation_id = o.value->>'validation_id' AND reports.lease_id = o.value->>'lease_id'`;

export const INSERT_REACTIONS = `
  INSERT INTO reactions (delivery_id, repository_id, repository, comment_id, content, status, wanted_at, due_at)
  SELECT value->>'delivery_id', value->>'repository_id', value->>'repository', value->>'comment_id',
         value->>'content', 'due', value->>'now', value->>'now'
  FROM json_each(?1) WHERE true
  ON CONFLICT (delivery_id) DO NOTHING`;

export const SETTLE_REACTIONS = `
  UPDATE reactions SET status = o.value->>'status', reason = o.value->>'reason', attempts = o.value->>'attempts',
                       due_at = o.value->>'due_at'
  FROM json_each(?1) AS o WHERE reactions.delivery_id = o.value->>'delivery_id' AND reactions.status = 'due'`;

export const INSERT_CANCELS = `
  INSERT INTO cancels (validation_id, grainchain_id, status, reason, wanted_at, due_at)
  SELECT value->>'validation_id', value->>'grainchain_id', 'due', value->>'reason', value->>'now', value->>'now'
  FROM json_each(?1) WHERE true
  ON CONFLICT (validation_id) DO UPDATE SET
    grainchain_id = excluded.grainchain_id, status = 'due', reason = excluded.reason, wanted_at = excluded.wanted_at,
    due_at = excluded.due_at, attempts = 0, done_at = NULL, outcome = NULL, error = NULL
  WHERE cancels.status <> 'due' AND cancels.grainchain_id <> excluded.grainchain_id`;

/**
 * The same death told twice (a redelivered message) is one letter. An effect that was replayed and died again has its
 * letter opened again; a fact is recorded when it is replayed, so that only an old message can tell of its death. What
 * was recorded after all has not died.
 */
export const INSERT_DEAD_LETTERS = `
  INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, repository, delivery_id,
                            validation_id, body)
  SELECT value->>'id', value->>'kind', value->>'class', value->>'error', value->>'attempts', value->>'first_at',
         value->>'died_at', value->>'repository', value->>'delivery_id', value->>'validation_id', value->>'body'
  FROM json_each(?1)
  WHERE value->>'kind' <> 'fact' OR NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = value->>'delivery_id')
  ON CONFLICT (id) DO UPDATE SET
    class = excluded.class, error = excluded.error, attempts = excluded.attempts, died_at = excluded.died_at,
    status = 'open', replay_id = NULL, closed_at = NULL, outcome = dead_letters.status || ', and dead again'
  WHERE dead_letters.kind <> 'fact' AND dead_letters.status IN ('replayed', 'discarded')`;

export const SETTLE_LETTERS = `
  UPDATE dead_letters SET
    status = o.value->>'status', outcome = o.value->>'outcome',
    replay_id = CASE o.value->>'status' WHEN 'open' THEN NULL ELSE replay_id END,
    closed_at = CASE o.value->>'status' WHEN 'open' THEN NULL ELSE o.value->>'now' END
  FROM json_each(?1) AS o
  WHERE dead_letters.id = o.value->>'id'`;

export const COUNT_FAILED_LETTERS = `
  UPDATE replays SET failed = failed + (
    SELECT count(*) FROM json_each(?1) o
    WHERE o.value->>'replay_id' = replays.id AND o.value->>'status' = 'open')
  WHERE id IN (SELECT value->>'replay_id' FROM json_each(?1))`;

/** A fact that is recorded is not dead: GitHub has delivered it again, or its replay is what records it. */
export const CLOSE_RECORDED_LETTERS = `
  UPDATE dead_letters SET status = 'replayed', closed_at = d.value->>'now', outcome = 'recorded: ' || (d.value->>'outcome')
  FROM json_each(?1) AS d
  WHERE dead_letters.id = 'fact-' || (d.value->>'id') AND dead_letters.status IN ('open', 'replaying')`;

export const INSERT_UNMATCHED = `
  INSERT INTO callbacks_unmatched (id, received_at, recorded_at, given_id, repository, pr_number, status, success,
                                   error, occurred_at, results)
  SELECT value->>'id', value->>'received_at', value->>'recorded_at', value->>'given_id', value->>'repository',
         value->>'pr_number', value->>'status', value->>'success', value->>'error', value->>'occurred_at',
         ${RESULTS_OF_VALUE}
  FROM json_each(?1)`;

export const MATCH_CALLBACKS = `
  UPDATE callbacks_unmatched SET matched_at = m.value->>'now', validation_id = m.value->>'validation_id'
  FROM json_each(?1) AS m WHERE callbacks_unmatched.id = m.value->>'id'`;

export const SETTLE_CANCELS = `
  UPDATE cancels SET status = o.value->>'status', attempts = o.value->>'attempts', due_at = o.value->>'due_at',
                     outcome = o.value->>'outcome', error = o.value->>'error',
                     done_at = CASE WHEN o.value->>'status' = 'due' THEN NULL ELSE o.value->>'now' END
  FROM json_each(?1) AS o WHERE cancels.validation_id = o.value->>'validation_id' AND cancels.status = 'due'`;

/** A gate that somebody else has closed meanwhile, and for longer, stays as it is. */
export const UPSERT_SETTINGS = `
  INSERT INTO settings (name, value, updated_at)
  SELECT value->>'name', value->'value', value->>'now' FROM json_each(?1) WHERE true
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
  WHERE NOT (excluded.name IN ('${GATE}', '${GITHUB_GATE}') AND value->>'state' = 'closed' AND excluded.value->>'state' = 'closed'
             AND value->>'since' <> excluded.value->>'since' AND value->>'until' > excluded.value->>'until')`;

/** Of one lane or the other. */
export const UPSERT_TURNS = `
  INSERT INTO repositories (repository_id, last_turn, last_replay_turn)
  SELECT value->>'repository_id', CASE value->>'lane' WHEN 0 THEN value->>'last_turn' ELSE 0 END,
         CASE value->>'lane' WHEN 0 THEN 0 ELSE value->>'last_turn' END
  FROM json_each(?1) WHERE true
  ON CONFLICT (repository_id) DO UPDATE SET
    last_turn = max(last_turn, excluded.last_turn),
    last_replay_turn = max(last_replay_turn, excluded.last_replay_turn)`;

export const DELETE_STORED_RESULTS = `
  DELETE FROM callback_results WHERE id IN (SELECT value->>'id' FROM json_each(?1))`;
