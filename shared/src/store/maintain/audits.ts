/** Audits: those that operators ask for, and what the scheduled ones found. */
import * as v from "valibot";
import { type AuditFinding, type AuditItem, auditFinding, auditItem } from "../../api/audit.ts";
import { auditPosition } from "../claim/progress.ts";
import { flag } from "../flag.ts";
import { type SearchRequest, searches } from "./searches.ts";

/** What an audit did, and what it found. */
export interface AuditResult {
  readonly audited: number;
  readonly unchanged: number;
  readonly pulls: number;
  readonly missing: number;
  readonly recorded: number;
  readonly closed: number;
  /** At most `MAX_FINDINGS`. */
  readonly found: readonly AuditFinding[];
}

export const NO_RESULT: AuditResult = {
  ...{ audited: 0, unchanged: 0, pulls: 0, missing: 0, recorded: 0, closed: 0 },
  found: [],
};

const json = <Schema extends v.GenericSchema>(schema: Schema) => v.pipe(v.string(), v.parseJson(), schema);
const repositories = v.nullable(json(v.array(v.string())));
const found = json(v.array(auditFinding));

const claimedRow = v.object({
  id: v.string(),
  repositories,
  dry_run: flag,
  found,
  /** Null: at the beginning. */
  position: v.nullable(json(auditPosition)),
});
export type ClaimedAudit = v.InferOutput<typeof claimedRow>;

const audits = searches<AuditItem, ClaimedAudit, AuditResult>({
  table: "audits",
  action: "audit",
  scope: "repositories",
  counts: ["audited", "unchanged", "pulls", "missing", "recorded", "closed"],
  lists: ["found"],
  item: v.object({ ...auditItem.entries, repositories, found, dry_run: flag }),
  claimed: claimedRow,
});

/** Asks for an audit. @param request its `repositories`; null: those of the configuration */
export function insertAudit(
  db: D1Database,
  request: SearchRequest & { readonly repositories: readonly string[] | null },
  now: string,
): Promise<void> {
  const { repositories: names, dry_run } = request;
  const reason = [...(names ?? []).slice(0, 5), ...(dry_run ? ["dry run"] : [])].join(", ") || null;
  return audits.insert(db, request, { scope: names === null ? null : JSON.stringify(names), reason }, now);
}

export const {
  list: listAudits,
  load: loadAudit,
  claim: claimAudit,
  settle: settleAudit,
  insertFound: insertFoundAudit,
} = audits;
