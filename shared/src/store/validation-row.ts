import * as v from "valibot";
import { CONCLUSIONS, VALIDATION_STATES } from "../domain/validation.ts";
import { flag } from "./flag.ts";

const validationRow = v.object({
  id: v.string(),
  repository_id: v.number(),
  repository: v.string(),
  subject: v.string(),
  event: v.string(),
  pr_number: v.number(),
  pr_url: v.string(),
  clone_url: v.string(),
  ref: v.string(),
  head_sha: v.string(),
  base_sha: v.string(),
  run: v.number(),
  /** What asked for this run. The same cause starts no second one. */
  cause: v.string(),
  delivery_id: v.string(),
  state: v.picklist(VALIDATION_STATES),
  conclusion: v.nullable(v.picklist(CONCLUSIONS)),
  /** 0 live, 1 replayed; 2 and 3: the same, set aside because of its repository. */
  lane: v.number(),
  turn: v.number(),
  attempts: v.number(),
  /** Not before this time; null: now. */
  due_at: v.nullable(v.string()),
  lease_id: v.nullable(v.string()),
  lease_until: v.nullable(v.string()),
  grainchain_id: v.nullable(v.string()),
  error: v.nullable(v.string()),
  created_at: v.string(),
  dispatched_at: v.nullable(v.string()),
  started_at: v.nullable(v.string()),
  finished_at: v.nullable(v.string()),
  heard_at: v.nullable(v.string()),
  /** At Grainchain: the watchdog looks at it once this is long enough ago. It can lag behind `heard_at`. Else null. */
  watch_from: v.nullable(v.string()),
  /** If Grainchain does not know it, it is dispatched once more: nothing was heard of it since its first dispatch. */
  resendable: flag,
  /** See `Live` and `Late`. */
  live_callbacks: v.number(),
  late_callbacks: v.number(),
  late_results: v.string(),
  /** Of a pull request, as its subject was. */
  fork: flag,
  head_repository: v.nullable(v.string()),
  author: v.nullable(v.string()),
  author_association: v.nullable(v.string()),
  /** Not from a fork, or by a member, or approved. */
  trusted: flag,
  /** Why it is `held` or `skipped`. */
  reason: v.nullable(v.string()),
  /** When it left `held`; null if it never was. */
  approved_at: v.nullable(v.string()),
  /** The tree whose files were validated. Written with the results: see `TREE_OF_RESULTS`. */
  tree_sha: v.nullable(v.string()),
  /** The run whose success stands for this one, which did not run; null if it has its own result. */
  reused_from: v.nullable(v.string()),
  /** 0 for a row that is not stored yet. */
  version: v.number(),
});

/** One run for one head. `results` are not read with it: they can be large. */
export type Validation = Readonly<v.InferOutput<typeof validationRow>>;

/** The columns of a {@link Validation}. */
export const VALIDATION_FIELDS: readonly string[] = Object.keys(validationRow.entries);

/** The same of a table aliased `v`. */
export const VALIDATION_COLUMNS = VALIDATION_FIELDS.map((column) => `v.${column}`).join(", ");

/** Reads rows selected with {@link VALIDATION_COLUMNS}. */
export const parseValidations = (rows: readonly unknown[]): Validation[] =>
  v.parse(v.array(validationRow), rows);
