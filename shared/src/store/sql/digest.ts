/** The digest of results, made by D1, so that only what is shown is loaded. */

/** Steps of one validation that can be named. */
const DIGEST_STEPS = 200;
/** An error or a message is cut to this, in characters. */
const DIGEST_TEXT = 4000;
/** Annotations of a step are left out if they are longer, in characters of JSON. */
const DIGEST_ANNOTATIONS = 20_000;

/**
 * What is shown of the results, of any size and shape, as JSON.
 * @param maxOutput the characters kept of the output of each step
 */
export const digestOf = (results: string, maxOutput: number): string => `
  json_object(
    'success', ${results}->'$.success',
    'overall_success', coalesce(${results}->'$.overall_success', ${results}->'$.test_results.overall_success'),
    'error', substr(${results}->>'$.error', 1, ${DIGEST_TEXT}),
    'skipped', substr(${results}->>'$.skipped', 1, ${DIGEST_TEXT}),
    'truncated', ${results}->'$.truncated',
    'execution_time', ${results}->'$.test_results.execution_time',
    'steps', (
      SELECT json_group_array(json_object(
        'name', s.key, 'status', s.value->'$.status', 'success', s.value->'$.success',
        'exit_code', s.value->'$.exit_code', 'duration_ms', s.value->'$.duration_ms',
        'output', substr(s.value->>'$.output', -${maxOutput}), 'output_cut', s.value->'$.output_cut',
        'file', s.value->'$.file', 'line', s.value->'$.line',
        'message', substr(s.value->>'$.message', 1, ${DIGEST_TEXT}),
        'annotations', CASE WHEN length(s.value->'$.annotations') <= ${DIGEST_ANNOTATIONS}
                            THEN s.value->'$.annotations' END))
      FROM (SELECT key, value FROM json_each(${results}, '$.test_results') WHERE type = 'object'
            LIMIT ${DIGEST_STEPS}) s))`;

/** Steps that are named in a line. */
const NAMED_STEPS = 5;
/** A name is cut to this, in characters. */
const NAME_TEXT = 60;

/** The outcome of a step `s` of {@link stepsOf}, as `stepOutcome` has it: `passed`, `failed` or null. */
export const STEP_OUTCOME = `
  CASE WHEN s.type <> 'object' THEN NULL
       WHEN lower(trim(s.value->>'$.status')) IN ('passed', 'success') THEN 'passed'
       WHEN lower(trim(s.value->>'$.status')) IN ('failed', 'failure', 'error', 'timed_out') THEN 'failed'
       WHEN lower(trim(s.value->>'$.status')) = 'skipped' THEN NULL
       WHEN json_type(s.value, '$.success') = 'true' THEN 'passed'
       WHEN json_type(s.value, '$.success') = 'false' THEN 'failed'
       WHEN s.value->>'$.exit_code' = 0 THEN 'passed'
       WHEN json_type(s.value, '$.exit_code') IN ('integer', 'real') THEN 'failed' END`;

/** The steps \`s\` of results, as a table. */
export const stepsOf = (results: string): string => `json_each(${results}, '$.test_results') s`;

/** The names of the steps that failed, separated by commas; null if none did. */
export const failedSteps = (results: string): string => `
  (SELECT group_concat(name, ', ') FROM (
     SELECT substr(s.key, 1, ${NAME_TEXT}) AS name FROM ${stepsOf(results)}
     WHERE ${STEP_OUTCOME} = 'failed' LIMIT ${NAMED_STEPS}))`;
