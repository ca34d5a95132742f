/** The fields of GitHub's payloads that routing needs. Their sizes are bounded, so that a fact fits in 4 KiB. */
import * as v from "valibot";
import { exceedsBytes } from "../text/text.ts";
import { canonicalTime, utcTime } from "../text/utc-time.ts";

/** Not `v.maxBytes`, which encodes every text: a payload has a dozen of them. */
const text = (maxBytes: number) =>
  v.pipe(
    v.string(),
    v.check((given) => !exceedsBytes(given, maxBytes)),
  );
const sha = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/));
/**
 * Git forbids control characters in refs. A branch has at most 255 bytes; a merge queue's ref is made of its base's
 * and more.
 */
const ref = v.pipe(text(512), v.regex(/^[^\p{Cc}]+$/u));
const url = v.pipe(text(600), v.regex(/^https?:\/\/[^\s\p{Cc}]+$/u));
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(
  v.string(),
  // `Date.parse` alone accepts "topic 3".
  v.isoTimestamp(),
  v.transform(canonicalTime),
  v.string("no time"),
);
const secondsOrTime = v.union([
  v.pipe(
    v.number(),
    v.transform((seconds) => utcTime(seconds * 1000)),
    v.string("no time"),
  ),
  time,
]);

/** It becomes part of GitHub's addresses, and dots alone would change the path. */
const fullName = v.pipe(text(200), v.regex(/^(?!\.+\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/));

/** What every payload may have. */
export const common = v.object({
  action: v.nullish(text(64), null),
  sender: v.nullish(v.object({ login: text(100) }), null),
  installation: v.nullish(v.object({ id: number }), null),
  repository: v.nullish(
    v.object({
      id: number,
      full_name: fullName,
      clone_url: v.optional(url),
    }),
    null,
  ),
});
export type Common = v.InferOutput<typeof common>;

/** Only the action: enough to rule most events out. */
export const actionOnly = v.object({ action: v.nullish(text(64), null) });

export const pullRequest = v.object({
  pull_request: v.object({
    number,
    html_url: url,
    state: v.picklist(["open", "closed"]),
    draft: v.nullish(v.boolean(), false),
    updated_at: time,
    head: v.object({
      sha,
      ref,
      // Null if the fork was deleted. What cannot be read is a fork too.
      repo: v.fallback(v.nullish(v.object({ id: number, full_name: fullName }), null), null),
    }),
    base: v.object({ sha }),
    user: v.fallback(v.nullish(v.object({ login: text(100) }), null), null),
    author_association: v.fallback(v.nullish(text(64), null), null),
  }),
  before: v.nullish(sha, null),
  changes: v.nullish(v.object({ base: v.optional(v.unknown()) }), null),
  repository: v.nullish(v.object({ id: number }), null),
});

/** It only saves a run: a delivery is not refused for it. */
const headCommit = v.fallback(v.optional(v.nullable(v.object({ id: sha, tree_id: sha }))), null);

export const mergeGroup = v.object({
  merge_group: v.object({ head_sha: sha, head_ref: ref, base_sha: sha, head_commit: headCommit }),
  repository: v.object({ html_url: url }),
});

export const push = v.object({
  ref,
  before: sha,
  after: sha,
  deleted: v.optional(v.boolean(), false),
  /** Only a link. It quotes branch names, percent-encoded, and a delivery is not refused for a long one. */
  compare: v.fallback(v.optional(url), undefined),
  head_commit: headCommit,
  repository: v.object({ pushed_at: v.nullish(secondsOrTime, null) }),
});

const check = v.object({
  head_sha: sha,
  app: v.nullish(v.object({ id: v.nullish(number, null) }), null),
});
export type Check = v.InferOutput<typeof check>;

export const checkRun = v.object({
  check_run: check,
  requested_action: v.nullish(v.object({ identifier: text(64) }), null),
});
export const checkSuite = v.object({ check_suite: check });

export const issueComment = v.object({
  issue: v.object({ number, pull_request: v.optional(v.nullable(v.looseObject({}))) }),
  comment: v.object({
    id: number,
    body: v.string(),
    author_association: text(64),
    created_at: v.nullish(time, null),
  }),
});
