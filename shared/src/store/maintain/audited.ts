/** What an audit compares: the open pull requests of repositories, as they are known. */
import * as v from "valibot";
import { flag } from "../flag.ts";

/** An open pull request as GitHub lists it. */
export interface ListedPull {
  readonly repository_id: number;
  readonly number: number;
  readonly head_sha: string;
}

/** Names a pull request. */
export const pullKey = (repositoryId: number, number: number): string => `${repositoryId}#${number}`;

const knownRow = v.object({
  repository_id: v.number(),
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

/** What is known of pull requests, by {@link pullKey}. */
export async function loadKnownPulls(
  db: D1Database,
  listed: readonly ListedPull[],
): Promise<ReadonlyMap<string, KnownPull>> {
  const known = new Map<string, KnownPull>();
  for (let from = 0; from < listed.length; from += AT_ONCE) {
    const part = listed.slice(from, from + AT_ONCE);
    const keys = part.map(({ repository_id, number, head_sha }) => [repository_id, number, head_sha]);
    const { results } = await db.prepare(SELECT_KNOWN).bind(JSON.stringify(keys)).all();
    for (const row of v.parse(v.array(knownRow), results))
      known.set(pullKey(row.repository_id, row.number), row);
  }
  return known;
}

const SELECT_KNOWN = `
  SELECT k.value->>0 AS repository_id, k.value->>1 AS number, s.head_sha, s.at, s.state, s.draft,
         EXISTS (SELECT 1 FROM validations v
                 WHERE v.repository_id = k.value->>0 AND v.subject = 'pr-' || (k.value->>1)
                   AND v.head_sha = k.value->>2) AS seen
  FROM json_each(?1) k
    LEFT JOIN subjects s ON s.repository_id = k.value->>0 AND s.subject = 'pr-' || (k.value->>1)`;

/** Rows of one repository that a statement reads, whatever its history. */
const WINDOW = 1000;

const windowRow = v.object({
  repository_id: v.number(),
  window: v.pipe(
    v.string(),
    v.parseJson(),
    v.object({ open: v.array(v.number()), last: v.nullable(v.string()), rows: v.number() }),
  ),
});

/** The numbers of the pull requests of repositories that are open as far as is known. */
export async function loadOpenPulls(
  db: D1Database,
  repositoryIds: readonly number[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const open = new Map<number, number[]>(repositoryIds.map((id) => [id, []]));
  let left: (readonly [id: number, after: string])[] = repositoryIds.map((id) => [id, "pr-"]);
  while (left.length > 0) {
    const { results } = await db.prepare(SELECT_OPEN).bind(JSON.stringify(left)).all();
    const rows = v.parse(v.array(windowRow), results);
    for (const { repository_id, window } of rows) open.get(repository_id)?.push(...window.open);
    left = rows.flatMap(({ repository_id, window }) =>
      window.rows < WINDOW || window.last === null ? [] : [[repository_id, window.last] as const],
    );
  }
  return open;
}

/** `.` comes after `-`: the range of all that begin with `pr-`. */
const SELECT_OPEN = `
  SELECT k.value->>0 AS repository_id, (
    SELECT json_object('open', json(coalesce(json_group_array(number) FILTER (WHERE state = 'open'), '[]')),
                       'last', max(subject), 'rows', count(*))
    FROM (SELECT s.subject, s.number, s.state FROM subjects s
          WHERE s.repository_id = k.value->>0 AND s.subject > k.value->>1 AND s.subject < 'pr.'
          ORDER BY s.subject LIMIT ${WINDOW})) AS window
  FROM json_each(?1) k`;

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
