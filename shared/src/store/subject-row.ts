import * as v from "valibot";
import type { PushEdge } from "../domain/ordering.ts";
import { SUBJECT_KINDS } from "../domain/subject.ts";
import { flag } from "./flag.ts";

const edges = v.pipe(
  v.string(),
  v.parseJson(),
  v.array(v.tuple([v.string(), v.string()])),
  v.transform((pairs): readonly PushEdge[] => pairs),
);

const approval = v.nullable(
  v.pipe(
    v.string(),
    v.parseJson(),
    v.object({ by: v.string(), at: v.string(), sha: v.nullable(v.string()) }),
  ),
);

const subjectRow = v.object({
  repository_id: v.number(),
  subject: v.string(),
  repository: v.string(),
  kind: v.picklist(SUBJECT_KINDS),
  number: v.number(),
  url: v.string(),
  clone_url: v.string(),
  head_sha: v.string(),
  head_ref: v.string(),
  base_sha: v.string(),
  draft: flag,
  state: v.picklist(["open", "closed"]),
  /** `updated_at` of the newest event applied. */
  at: v.string(),
  edges,
  /** A reopen was seen but not its close: the close that is still to come is older than the reopen. */
  close_outstanding: flag,
  /** Of a pull request: whether its head is in another repository, or in none any more. */
  fork: flag,
  head_repository: v.nullable(v.string()),
  author: v.nullable(v.string()),
  author_association: v.nullable(v.string()),
  /** `updated_at` of the event that brought the head; null: `at`. */
  head_at: v.nullable(v.string()),
  /** The latest comment that approves heads of a fork. */
  approval,
  /** 0 for a row that is not stored yet. */
  version: v.number(),
});

/** A pull request, merge group or branch: its newest head, by which later deliveries are judged. */
export type Subject = Readonly<v.InferOutput<typeof subjectRow>>;

/** The columns of a {@link Subject}. */
export const SUBJECT_FIELDS: readonly string[] = Object.keys(subjectRow.entries);

export const parseSubjects = (rows: readonly unknown[]): Subject[] => v.parse(v.array(subjectRow), rows);
