/**
 * What a credential may not send to GitHub yet: one row of `limits` a credential. Effects carry their installation, so a
 * claim leaves out those of a limited one without reading them.
 */

/** A time before which some requests under a credential are not sent. */
export interface Limit {
  /** See `credentialName`. */
  readonly credential: string;
  /** Whether it holds only what can wait. */
  readonly minor: boolean;
  /** Whether it holds only what creates something. */
  readonly creates: boolean;
  readonly until: string;
}

/**
 * The name of the credential that acts for an installation.
 * @param installation expression of its id; 0 if it is not known yet
 * @param mode expression: `app` or `token`
 */
export const credentialOf = (installation: string, mode: string): string =>
  `CASE WHEN ${mode} = 'token' THEN 'token' WHEN ${installation} = 0 THEN 'app'
        ELSE 'installation:' || ${installation} END`;

/** A common table `installation` of the ids that due rows have, and a last one that is null: one seek each. */
export const DUE_INSTALLATIONS = (table: "reports" | "reactions" | "approvals"): string => `
    installation (id) AS (
      SELECT min(installation_id) FROM ${table} WHERE status = 'due'
      UNION ALL
      SELECT (SELECT min(d.installation_id) FROM ${table} d WHERE d.status = 'due' AND d.installation_id > i.id)
      FROM installation i WHERE i.id IS NOT NULL)`;

/**
 * Until when such requests are held; empty if they are not.
 * @param limit alias of the credential's row, if it has one
 * @param request expressions: whether it can wait, whether it creates something
 */
export const limitedUntil = (
  limit: string,
  { minor, creates }: { readonly minor: string; readonly creates: string },
): string =>
  `coalesce(max(${limit}.blocked_until, iif(${creates}, ${limit}.creates_until, ''), iif(${minor}, ${limit}.minor_until, ''),
                iif(${minor} AND ${creates}, ${limit}.minor_creates_until, '')), '')`;

const untilIf = (minor: number, creates: number): string =>
  `iif(value->>'minor' = ${minor} AND value->>'creates' = ${creates}, value->>'until', '')`;

/** Stores limits; ?1: JSON. A later one that is stored already stays. */
export const UPSERT_LIMITS = `
  INSERT INTO limits (credential, blocked_until, creates_until, minor_until, minor_creates_until)
  SELECT value->>'credential', ${untilIf(0, 0)}, ${untilIf(0, 1)}, ${untilIf(1, 0)}, ${untilIf(1, 1)}
  FROM json_each(?1) WHERE true
  ON CONFLICT (credential) DO UPDATE SET
    blocked_until = max(blocked_until, excluded.blocked_until),
    creates_until = max(creates_until, excluded.creates_until),
    minor_until = max(minor_until, excluded.minor_until),
    minor_creates_until = max(minor_creates_until, excluded.minor_creates_until)`;
