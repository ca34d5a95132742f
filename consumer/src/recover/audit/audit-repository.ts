/** Holds the open pull requests of one repository against what is recorded. */
import type { AuditFinding } from "@webhook-gateway/shared/api/audit.ts";
import { type AuditedPull, auditFact, type Finding } from "@webhook-gateway/shared/routing/audited-pull.ts";
import {
  type KnownPull,
  loadKnownPulls,
  loadOpenPulls,
} from "@webhook-gateway/shared/store/maintain/audited.ts";
import type { AuditResult } from "@webhook-gateway/shared/store/maintain/audits.ts";
import { hasRoom } from "../../effects/queries.ts";
import type { AskDeps } from "../../github/ask.ts";
import { type RecordDeps, recordFacts } from "../../record/record.ts";
import { listOpenPulls, loadPull } from "./open-pulls.ts";
import type { AuditedRepository } from "./sources.ts";

export interface AuditDeps extends AskDeps {
  readonly db: D1Database;
  readonly record: RecordDeps;
}

export interface RepositoryAudit extends Omit<AuditResult, "audited" | "unchanged"> {
  /** Nothing of this list is missing any more; undefined if something is. */
  readonly etags: readonly string[] | undefined;
  /** Requests that GitHub counts. */
  readonly answers: number;
  /** Whether the invocation had room for all of it. */
  readonly ended: boolean;
}

/** Facts of one transaction, as in a batch of the queue. */
const FACTS_AT_ONCE = 100;
/** Pull requests of one repository whose end is looked up at a time. */
const MAX_LOOKED_UP = 100;

/**
 * @param etags of its list when nothing was missing
 * @returns undefined if its list is the same as then
 * @throws GitHubError, or whatever D1 throws
 */
export async function auditRepository(
  deps: AuditDeps,
  repository: AuditedRepository,
  etags: readonly string[],
  dryRun: boolean,
): Promise<RepositoryAudit | undefined> {
  const list = await listOpenPulls(deps, repository, etags);
  if (list === undefined) return undefined;
  const numbers = new Set(list.pulls.map(({ number }) => number));
  // Whatever the list does not show may be closed, or have slipped from one page to another meanwhile.
  const unlisted = (await loadOpenPulls(deps.db, repository.id)).filter((number) => !numbers.has(number));
  const lookedUp = await lookUp(deps, repository, unlisted.slice(0, MAX_LOOKED_UP));
  const pulls = [...list.pulls, ...lookedUp];
  const known = await loadKnownPulls(
    deps.db,
    pulls.map(({ number, head }) => ({ repository_id: repository.id, number, head_sha: head.sha })),
  );
  const found = pulls.flatMap((pull) => {
    const what = findingOf(pull, known.get(pull.number));
    return what === undefined ? [] : [{ pull, what }];
  });
  const recorded = dryRun ? 0 : await recordAll(deps, repository, found);
  const done = found.slice(0, dryRun ? found.length : recorded);
  const closed = done.filter(({ what }) => what === "closed").length;
  const ended = done.length === found.length;
  const isComplete = ended && list.complete && unlisted.length <= MAX_LOOKED_UP;
  return {
    pulls: list.pulls.length,
    missing: done.length - closed,
    recorded: dryRun ? 0 : done.length - closed,
    closed,
    found: done.map(({ pull, what }): AuditFinding => {
      const { number, head } = pull;
      return { repository: repository.full_name, number, head_sha: head.sha, what };
    }),
    etags: isComplete && !dryRun ? list.etags : undefined,
    answers: list.answers + lookedUp.length,
    ended,
  };
}

/** What GitHub knows of a pull request that is not recorded; undefined if everything is. */
function findingOf(
  { state, draft, head, updated_at }: AuditedPull,
  known: KnownPull | undefined,
): Finding | undefined {
  const isKnown = known !== undefined && known.head_sha !== null && known.at !== null;
  if (state === "closed") return isKnown && known.state === "open" ? "closed" : undefined;
  if (!isKnown || (known.head_sha !== head.sha && !known.seen)) return "new";
  // What was seen before can only be made known again by something newer. Pushes of one second are told apart later.
  const isNewer = updated_at > (known.at ?? "");
  const isTied = updated_at === known.at;
  if ((isNewer || isTied) && known.head_sha !== head.sha) return "changed";
  const isChanged = known.state === "closed" || (known.draft === true && draft !== true);
  return isNewer && isChanged ? "changed" : undefined;
}

async function lookUp(deps: AuditDeps, repository: AuditedRepository, numbers: readonly number[]) {
  const pulls: AuditedPull[] = [];
  for (const number of numbers) {
    const pull = await loadPull(deps, repository, number);
    if (pull !== undefined) pulls.push(pull);
  }
  return pulls;
}

interface Found {
  readonly pull: AuditedPull;
  readonly what: Finding;
}

/** Records them in their order. @returns how many, as far as the invocation has room */
async function recordAll(
  deps: AuditDeps,
  { id, full_name, clone_url, credential }: AuditedRepository,
  found: readonly Found[],
): Promise<number> {
  const envelope = {
    received_at: deps.now().toISOString(),
    installation_id: credential.kind === "installation" ? credential.id : null,
  };
  let recorded = 0;
  while (recorded < found.length && hasRoom(deps.db, "recovery")) {
    const part = found.slice(recorded, recorded + FACTS_AT_ONCE);
    const facts = part.flatMap(
      ({ pull, what }) => auditFact({ id, full_name, clone_url }, pull, what, envelope) ?? [],
    );
    await recordFacts(deps.record, facts);
    for (const { id: delivery_id, action } of facts) deps.log.warn("audit.recorded", { delivery_id, action });
    recorded += part.length;
  }
  return recorded;
}
