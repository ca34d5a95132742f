/** Holds the open pull requests of some repositories against what is recorded, as few queries at a time as it takes. */
import type { AuditFinding } from "@webhook-gateway/shared/api/audit.ts";
import { type AuditedPull, auditFact, type Finding } from "@webhook-gateway/shared/routing/audited-pull.ts";
import {
  type KnownPull,
  loadKnownPulls,
  pullKey,
  storeEtags,
} from "@webhook-gateway/shared/store/maintain/audited.ts";
import type { AuditResult } from "@webhook-gateway/shared/store/maintain/audits.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { hasRoom } from "../../effects/queries.ts";
import type { AskDeps } from "../../github/ask.ts";
import { type RecordDeps, recordFacts } from "../../record/record.ts";
import { listOpenPulls, loadPull } from "./open-pulls.ts";
import type { AuditedRepository } from "./sources.ts";

export interface AuditDeps extends AskDeps {
  readonly db: D1Database;
  readonly record: RecordDeps;
}

/** Facts of one transaction, as in a batch of the queue. */
const FACTS_AT_ONCE = 100;
/** Pull requests of one repository whose end is looked up at a time. */
const MAX_LOOKED_UP = 100;

/** What GitHub shows of a repository. */
export interface Seen {
  readonly repository: AuditedRepository;
  /** With those that were looked up; null if the list is the same as the last time. */
  readonly pulls: readonly AuditedPull[] | null;
  /** How many of them are open. */
  readonly open: number;
  /** Of its list, if that shows everything. */
  readonly etags: readonly string[] | undefined;
  /** Requests that GitHub counts. */
  readonly answers: number;
}

/**
 * Looks at a repository on GitHub.
 * @param etags of its list when nothing was missing
 * @param knownOpen the numbers of pull requests that are open as far as is known
 * @throws GitHubError
 */
export async function seeRepository(
  deps: AskDeps,
  repository: AuditedRepository,
  etags: readonly string[],
  knownOpen: readonly number[],
): Promise<Seen> {
  const list = await listOpenPulls(deps, repository, etags);
  if (list === undefined) return { repository, pulls: null, open: 0, etags: undefined, answers: 0 };
  const listed = new Set(list.pulls.map(({ number }) => number));
  // Whatever the list does not show may be closed, or have slipped from one page to another meanwhile.
  const unlisted = knownOpen.filter((number) => !listed.has(number));
  const lookedUp = await lookUp(deps, repository, unlisted.slice(0, MAX_LOOKED_UP));
  const isComplete = list.complete && unlisted.length <= MAX_LOOKED_UP;
  return {
    repository,
    pulls: [...list.pulls, ...lookedUp],
    open: list.pulls.length,
    etags: isComplete ? list.etags : undefined,
    answers: list.answers + lookedUp.length,
  };
}

export interface SeenAudit extends AuditResult {
  readonly answers: number;
  /** Whether the invocation had room for all of it. */
  readonly ended: boolean;
}

/** Records what is missing of what was seen. @throws whatever D1 throws */
export async function auditSeen(deps: AuditDeps, seen: readonly Seen[], dryRun: boolean): Promise<SeenAudit> {
  const all = seen.flatMap(({ repository, pulls }) => (pulls ?? []).map((pull) => ({ repository, pull })));
  const known = await loadKnownPulls(
    deps.db,
    all.map(({ repository, pull }) => ({
      repository_id: repository.id,
      number: pull.number,
      head_sha: pull.head.sha,
    })),
  );
  const found = all.flatMap(({ repository, pull }) => {
    const what = findingOf(pull, known.get(pullKey(repository.id, pull.number)));
    return what === undefined ? [] : [{ repository, pull, what }];
  });
  const recorded = dryRun ? found.length : await recordAll(deps, found);
  const done = found.slice(0, recorded);
  const closed = done.filter(({ what }) => what === "closed").length;
  const ended = done.length === found.length;
  if (ended && !dryRun) await keepEtags(deps, seen);
  return {
    audited: ended ? seen.length : 0,
    unchanged: ended ? seen.filter(({ pulls }) => pulls === null).length : 0,
    pulls: ended ? seen.reduce((sum, { open }) => sum + open, 0) : 0,
    missing: done.length - closed,
    recorded: dryRun ? 0 : done.length - closed,
    closed,
    found: done.map(({ repository, pull, what }): AuditFinding => {
      return { repository: repository.full_name, number: pull.number, head_sha: pull.head.sha, what };
    }),
    answers: seen.reduce((sum, { answers }) => sum + answers, 0),
    ended,
  };
}

async function keepEtags({ db, now }: AuditDeps, seen: readonly Seen[]): Promise<void> {
  const rows = seen.flatMap(({ repository, etags }) =>
    etags === undefined ? [] : [{ repository_id: repository.id, etags }],
  );
  if (rows.length > 0) await storeEtags(db, rows, isoTime(now().getTime()));
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

async function lookUp(deps: AskDeps, repository: AuditedRepository, numbers: readonly number[]) {
  const pulls: AuditedPull[] = [];
  for (const number of numbers) {
    const pull = await loadPull(deps, repository, number);
    if (pull !== undefined) pulls.push(pull);
  }
  return pulls;
}

interface Found {
  readonly repository: AuditedRepository;
  readonly pull: AuditedPull;
  readonly what: Finding;
}

/** Records them in their order. @returns how many, as far as the invocation has room */
async function recordAll(deps: AuditDeps, found: readonly Found[]): Promise<number> {
  const received_at = deps.now().toISOString();
  let recorded = 0;
  while (recorded < found.length && hasRoom(deps.db, "recovery")) {
    const part = found.slice(recorded, recorded + FACTS_AT_ONCE);
    const facts = part.flatMap(({ repository: { id, full_name, clone_url, credential }, pull, what }) => {
      const installation_id = credential.kind === "installation" ? credential.id : null;
      return auditFact({ id, full_name, clone_url }, pull, what, { received_at, installation_id }) ?? [];
    });
    await recordFacts(deps.record, facts);
    for (const { id: delivery_id, action } of facts) deps.log.warn("audit.recorded", { delivery_id, action });
    recorded += part.length;
  }
  return recorded;
}
