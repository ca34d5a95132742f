/** The fields of GitHub's payloads that routing needs. Bounded, so that a fact always fits its 4 KiB. */
import * as v from "valibot";

const text = (maxBytes: number) => v.pipe(v.string(), v.maxBytes(maxBytes));
const sha = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/));
/** Git forbids control characters in refs, and file systems more than 255 bytes. */
const ref = v.pipe(text(255), v.regex(/^[^\p{Cc}]+$/u));
const url = v.pipe(text(600), v.regex(/^https?:\/\/[^\s\p{Cc}]+$/u));
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** As `Date.prototype.toISOString` writes it. */
const time = v.pipe(
  v.string(),
  v.check((given) => Number.isFinite(Date.parse(given)), "no time"),
  v.transform((given) => new Date(given).toISOString()),
);
const secondsOrTime = v.union([
  v.pipe(
    v.number(),
    v.check((seconds) => seconds >= 0 && seconds < 1e11, "no time"),
    v.transform((seconds) => new Date(seconds * 1000).toISOString()),
  ),
  time,
]);

/** What every payload may have. */
export const common = v.object({
  action: v.optional(v.nullable(text(64)), null),
  sender: v.optional(v.nullable(v.object({ login: text(100) })), null),
  installation: v.optional(v.nullable(v.object({ id: number })), null),
  repository: v.optional(
    v.nullable(
      v.object({
        id: number,
        full_name: v.pipe(text(200), v.regex(/^[\w.-]+\/[\w.-]+$/)),
        html_url: v.optional(url),
        clone_url: v.optional(url),
      }),
    ),
    null,
  ),
});
export type Common = v.InferOutput<typeof common>;

/** Only the action: enough to rule most events out. */
export const actionOnly = v.object({ action: v.optional(v.nullable(text(64)), null) });

export const pullRequest = v.object({
  pull_request: v.object({
    number,
    html_url: url,
    state: v.picklist(["open", "closed"]),
    draft: v.optional(v.nullable(v.boolean()), false),
    updated_at: time,
    head: v.object({ sha, ref }),
    base: v.object({ sha }),
  }),
  before: v.optional(v.nullable(sha), null),
  changes: v.optional(v.nullable(v.object({ base: v.optional(v.unknown()) })), null),
});

export const mergeGroup = v.object({
  merge_group: v.object({ head_sha: sha, head_ref: ref, base_sha: sha }),
  repository: v.object({ html_url: url }),
});

export const push = v.object({
  ref,
  before: sha,
  after: sha,
  deleted: v.optional(v.boolean(), false),
  compare: v.optional(url),
  repository: v.object({ pushed_at: v.optional(v.nullable(secondsOrTime), null) }),
});

const check = v.object({
  head_sha: sha,
  app: v.optional(v.nullable(v.object({ id: v.optional(v.nullable(number), null) })), null),
});
/** Of a `check_run` or a `check_suite`: the event says which. */
export const rerequested = v.object({
  check_run: v.optional(check),
  check_suite: v.optional(check),
});

export const issueComment = v.object({
  issue: v.object({ number, pull_request: v.optional(v.nullable(v.looseObject({}))) }),
  comment: v.object({ id: number, body: v.string(), author_association: v.string() }),
});
