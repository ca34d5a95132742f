/**
 * The names that repositories have had. Rows keep the name that their repository had then. These names find all rows of
 * a renamed repository.
 */
import * as v from "valibot";

/** Of one repository; a list reads along an index for each. */
const MAX_NAMES = 8;

/** A repository, and the names that it has had. */
export interface RepositoryNames {
  /** GitHub's id; null if no repository is known to have had the name. */
  readonly id: number | null;
  /** The name that it has now. */
  readonly current: string | null;
  /** The given one, and all others that no other repository has taken since: rows with them are its own. */
  readonly own: readonly string[];
}

const nameRow = v.object({ repository_id: v.number(), name: v.string(), own: v.number() });

/** The repository that has this name now, or had it last. */
export async function loadNames(db: D1Database, asked: string): Promise<RepositoryNames> {
  const { results } = await db.prepare(SELECT_NAMES).bind(asked).all();
  const rows = v.parse(v.array(nameRow), results);
  const [newest] = rows;
  if (newest === undefined) return { id: null, current: null, own: [asked] };
  const own = rows.filter((row) => row.own === 1).map(({ name }) => name);
  // The given one may be older than all that are read.
  const isRead = own.some((name) => isSameName(name, asked));
  return { id: newest.repository_id, current: newest.name, own: isRead ? own : [...own, asked] };
}

/** GitHub's id of the repository that has this name now, or had it last; null if none is known. */
export async function loadRepositoryId(db: D1Database, name: string): Promise<number | null> {
  const row = await db
    .prepare(`SELECT (${holderOf("?1")}) AS id`)
    .bind(name)
    .first();
  return v.parse(v.object({ id: v.nullable(v.number()) }), row).id;
}

/** The name that a repository has now; undefined if it is not known. @param id GitHub's number */
export async function loadCurrentName(db: D1Database, id: number): Promise<string | undefined> {
  const row = await db
    .prepare(`SELECT ${currentNameOf("?1")} AS name`)
    .bind(id)
    .first();
  return v.parse(v.object({ name: v.nullable(v.string()) }), row).name ?? undefined;
}

/** GitHub's names are compared without regard to case. */
export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** The repository of a name: several can have had it, and the last of them has it. */
const holderOf = (name: string): string => `
  SELECT h.repository_id FROM repository_names h WHERE h.name = ${name} ORDER BY h.at DESC LIMIT 1`;

const IS_OWN = "NOT EXISTS (SELECT 1 FROM repository_names o WHERE o.name = n.name AND o.at > n.at)";

const SELECT_NAMES = `
  SELECT n.repository_id, n.name, ${IS_OWN} AS own FROM repository_names n
  WHERE n.repository_id = (${holderOf("?1")}) ORDER BY n.at DESC LIMIT ${MAX_NAMES}`;

/** As {@link RepositoryNames.own} has it, in SQL over one value `?`. */
export const OWN_NAMES = `
  SELECT coalesce(n.name, a.asked) FROM (SELECT ? AS asked) a
    LEFT JOIN repository_names n ON n.repository_id = (${holderOf("a.asked")}) AND ${IS_OWN}`;

/** The name that the repository of a row has now. */
export const currentNameOf = (repositoryId: string): string => `
  (SELECT n.name FROM repository_names n WHERE n.repository_id = ${repositoryId} ORDER BY n.at DESC LIMIT 1)`;

/** For `wrangler d1 execute`: the repositories, and the labels of the secrets that signed their newest deliveries. */
export const SELECT_KNOWN = `
  SELECT ${currentNameOf("r.repository_id")} AS repository,
         (SELECT d.secret FROM deliveries d WHERE d.repository_id = r.repository_id ORDER BY d.seq DESC LIMIT 1) AS secret
  FROM (SELECT DISTINCT repository_id FROM repository_names) r ORDER BY repository LIMIT 10000`.trim();

/**
 * Stores the names in deliveries, with the time of the newest one. A name that is known is written again only if the
 * repository had another one meanwhile: it has come back.
 */
export const UPSERT_NAMES = `
  INSERT INTO repository_names (name, repository_id, at)
  SELECT value->>'repository', value->>'repository_id', max(coalesce(value->>'occurred_at', value->>'received_at'))
  FROM json_each(?1) WHERE value->>'repository' IS NOT NULL AND value->>'repository_id' IS NOT NULL
  GROUP BY value->>'repository_id', value->>'repository' COLLATE NOCASE
  ON CONFLICT (name, repository_id) DO UPDATE SET name = excluded.name, at = excluded.at
  WHERE excluded.at > repository_names.at AND EXISTS (
    SELECT 1 FROM repository_names other
    WHERE other.repository_id = excluded.repository_id AND other.at > repository_names.at)`;
