/** What an audit compares: the open pull requests of repositories, as they are known. */
import * as v from "valibot";
import { flag } from "../flag.ts";

/** An open pull request as GitHub lists it. */
export interface ListedPull {
  readonly repository_id: number;
  readonly number: number;
  readonly head_sha: string;
}

const knownRow = v.object({
  number: v.number(),
  /** The newest head that is known; null if the pull request is not known. */
  head_sha: v.nullable(v.string()),
  at: v.nullable(v.string()),
  state: v.nullable(v.picklist(["open", "closed"])),
  draft: v.nullable(flag),
  /** Whether the listed head has a validation. */
  seen: flag,
});
export type KnownPull = v.InferOutput<typeof knownRow>;

/** Pull requests that one statement looks up. */
const AT_ONCE = 500;

/** What is known of pull requests, by their numbers. */
export async function loadKnownPulls(
  db: D1Database,
  listed: readonly ListedPull[],
): Promise<ReadonlyMap<number, KnownPull>> {
  const known = new Map<number, KnownPull>();
  for (let from = 0; from < listed.length; from += AT_ONCE) {
    const part = listed.slice(from, from + AT_ONCE);
    const keys = part.map(({ repository_id, number, head_sha }) => [repository_id, number, head_sha]);
    const { results } = await db.prepare(SELECT_KNOWN).bind(JSON.stringify(keys)).all();
    for (const row of v.parse(v.array(knownRow), results)) known.set(row.number, row);
  }
  return known;
}

const SELECT_KNOWN = `
  SELECT k.value->>1 AS number, s.head_sha, s.at, s.state, s.draft,
         EXISTS (SELECT 1 FROM validations v
                 WHERE v.repository_id = k.value->>0 AND v.subject = 'pr-' || (k.value->>1)
                   AND v.head_sha = k.value->>2) AS seen
  FROM json_each(?1) k
    LEFT JOIN subjects s ON s.repository_id = k.value->>0 AND s.subject = 'pr-' || (k.value->>1)`;

/** Rows that one statement reads, whatever the history of the repository. */
const WINDOW = 5000;

const windowRow = v.object({
  open: v.pipe(v.string(), v.parseJson(), v.array(v.number())),
  last: v.nullable(v.string()),
  rows: v.number(),
});

/** The numbers of a repository's pull requests that are open as far as is known. */
export async function loadOpenPulls(db: D1Database, repositoryId: number): Promise<number[]> {
  const open: number[] = [];
  for (let after = "pr-"; ; ) {
    const row = await db.prepare(SELECT_OPEN).bind(repositoryId, after).first();
    const { open: some, last, rows } = v.parse(windowRow, row);
    open.push(...some);
    if (rows < WINDOW || last === null) return open;
    after = last;
  }
}

/** `.` comes after `-`: the range of all that begin with `pr-`. */
const SELECT_OPEN = `
  SELECT json_group_array(number) FILTER (WHERE state = 'open') AS open, max(subject) AS last, count(*) AS rows
  FROM (SELECT subject, number, state FROM subjects
        WHERE repository_id = ?1 AND subject > ?2 AND subject < 'pr.' ORDER BY subject LIMIT ${WINDOW})`;

const etagsRow = v.object({
  repository_id: v.number(),
  etags: v.pipe(v.string(), v.parseJson(), v.array(v.string())),
});

/** The ETags of the lists that repositories had when nothing of them was missing, a page each. */
export async function loadEtags(
  db: D1Database,
  repositoryIds: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const { results } = await db.prepare(SELECT_ETAGS).bind(JSON.stringify(repositoryIds)).all();
  return new Map(v.parse(v.array(etagsRow), results).map((row) => [row.repository_id, row.etags]));
}

const SELECT_ETAGS = `
  SELECT r.repository_id, r.etags FROM json_each(?1) k
    CROSS JOIN audited_repositories r ON r.repository_id = k.value`;

/** Stores them: nothing is missing of what they stand for. */
export async function storeEtags(
  db: D1Database,
  rows: readonly { readonly repository_id: number; readonly etags: readonly string[] }[],
  now: string,
): Promise<void> {
  await db.prepare(STORE_ETAGS).bind(JSON.stringify(rows), now).run();
}

const STORE_ETAGS = `
  INSERT INTO audited_repositories (repository_id, etags, at)
  SELECT value->>'repository_id', value->'etags', ?2 FROM json_each(?1) WHERE true
  ON CONFLICT (repository_id) DO UPDATE SET etags = excluded.etags, at = excluded.at`;
