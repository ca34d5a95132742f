/**
 * The audit: open pull requests on GitHub against what is recorded. It finds what neither GitHub's list of deliveries nor
 * its redelivery brings back, and what was open before the gateway came.
 */
import { MAX_FINDINGS } from "@webhook-gateway/shared/api/audit.ts";
import type { GitHubFailureClass } from "@webhook-gateway/shared/github/failure.ts";
import type { AuditPosition } from "@webhook-gateway/shared/store/claim/audit-progress.ts";
import { loadEtags, storeEtags } from "@webhook-gateway/shared/store/maintain/audited.ts";
import { type AuditResult, NO_RESULT } from "@webhook-gateway/shared/store/maintain/audits.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { hasRoom } from "../../effects/queries.ts";
import { GitHubError } from "../../github/ask.ts";
import { type AuditDeps, auditRepository } from "./audit-repository.ts";
import type { AuditScope } from "./scope.ts";
import { type AuditedRepository, type AuditSource, sourcesOf } from "./sources.ts";

/** One part of an audit, as far as an invocation goes. */
export interface Audited {
  readonly result: AuditResult;
  /** Where it goes on; null if it has ended. */
  readonly position: AuditPosition | null;
  /** What is the matter with some of the repositories; null if nothing is. */
  readonly error: string | null;
  /** What ended it early: {@link GitHubError} if GitHub cannot be asked now, or whatever D1 throws. */
  readonly thrown?: unknown;
}

/**
 * Requests of one invocation that GitHub counts. An installation may send 5,000 an hour, and 50 more for each repository
 * beyond 20 (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api): a first audit of all
 * repositories stays below, and leaves room for reports.
 */
const MAX_ANSWERS = 150;
/** Repositories of one invocation; most of them have not changed, which GitHub does not count. */
const MAX_REPOSITORIES = 1000;
const MAX_MS = 5 * 60_000;
/** Failures in a row after which the rest of a list is not asked for. */
const MAX_FAILURES = 3;

/** GitHub cannot be asked at all, or not under these credentials. */
const STOPS: readonly GitHubFailureClass[] = ["limited", "credentials"];

/** Goes on with an audit. @param from where; null: at the beginning */
export async function auditSome(
  deps: AuditDeps,
  scope: AuditScope,
  from: AuditPosition | null,
  dryRun: boolean,
): Promise<Audited> {
  const walk = new Walk(deps, scope, dryRun);
  /** Where a limit has ended the audit of a source. Limits belong to credentials: those of others may go on. */
  let left: { readonly position: AuditPosition; readonly thrown: unknown } | undefined;
  try {
    const sources = await sourcesOf(deps, scope.globs);
    for (const source of sources.filter(({ key }) => from === null || key >= from.source)) {
      const begin = source.key === from?.source ? from : { source: source.key, page: 1, index: 0 };
      try {
        const position = await walk.source(source, begin);
        if (position !== null) return walk.audited(left?.position ?? position);
      } catch (thrown) {
        if (!isLimit(thrown)) throw thrown;
        left ??= { position: walk.position ?? begin, thrown };
      }
    }
    return left === undefined ? walk.audited(null) : { ...walk.audited(left.position), thrown: left.thrown };
  } catch (thrown) {
    return { ...walk.audited(left?.position ?? walk.position ?? from), thrown };
  }
}

const isLimit = (thrown: unknown): boolean =>
  thrown instanceof GitHubError && thrown.failure.class === "limited";

class Walk {
  readonly #deps: AuditDeps;
  readonly #scope: AuditScope;
  readonly #dryRun: boolean;
  readonly #endMs: number;
  #result: AuditResult = NO_RESULT;
  #answers = 0;
  #error: string | null = null;
  /** Where it is. */
  position: AuditPosition | null = null;

  constructor(deps: AuditDeps, scope: AuditScope, dryRun: boolean) {
    this.#deps = deps;
    this.#scope = scope;
    this.#dryRun = dryRun;
    this.#endMs = deps.now().getTime() + MAX_MS;
  }

  audited(position: AuditPosition | null): Audited {
    return { result: this.#result, position, error: this.#error };
  }

  /** Audits what a source lists. @returns where to go on, if the invocation has no room for the rest */
  async source(source: AuditSource, begin: AuditPosition): Promise<AuditPosition | null> {
    let { index } = begin;
    for (let { page } = begin; ; page++) {
      this.position = { ...begin, page, index };
      const list = await this.#tolerate(source.name, () => source.list(page));
      if (list === undefined) return null;
      const left = await this.#page(list.repositories, this.position);
      if (left !== null) return left === "failed" ? null : left;
      if (!list.hasNext) return null;
      index = 0;
    }
  }

  async #page(
    repositories: readonly AuditedRepository[],
    { source, page, index: from }: AuditPosition,
  ): Promise<AuditPosition | "failed" | null> {
    const { db, now } = this.#deps;
    const etags = await loadEtags(
      db,
      repositories.map(({ id }) => id),
    );
    const complete: { repository_id: number; etags: readonly string[] }[] = [];
    let failures = 0;
    try {
      for (const [index, repository] of repositories.entries()) {
        if (index < from || repository.archived || !this.#scope.includes(repository.full_name)) continue;
        this.position = { source, page, index };
        if (!this.#hasRoom()) return this.position;
        const audit = await this.#tolerate(repository.full_name, async () => ({
          done: await auditRepository(this.#deps, repository, etags.get(repository.id) ?? [], this.#dryRun),
        }));
        failures = audit === undefined ? failures + 1 : 0;
        if (failures >= MAX_FAILURES) return "failed";
        if (audit === undefined) continue;
        this.#add(audit.done);
        if (audit.done?.etags !== undefined)
          complete.push({ repository_id: repository.id, etags: audit.done.etags });
        if (audit.done?.ended === false) return this.position;
      }
      return null;
    } finally {
      if (complete.length > 0) await storeEtags(db, complete, isoTime(now().getTime()));
    }
  }

  #hasRoom(): boolean {
    const { db, now } = this.#deps;
    return (
      this.#answers < MAX_ANSWERS &&
      this.#result.audited < MAX_REPOSITORIES &&
      now().getTime() < this.#endMs &&
      hasRoom(db, "recovery")
    );
  }

  #add(audit: Awaited<ReturnType<typeof auditRepository>>): void {
    const { audited, unchanged, found, ...before } = this.#result;
    if (audit === undefined) {
      this.#result = { ...this.#result, audited: audited + 1, unchanged: unchanged + 1 };
      return;
    }
    this.#answers += audit.answers;
    this.#result = {
      audited: audited + 1,
      unchanged,
      pulls: before.pulls + audit.pulls,
      missing: before.missing + audit.missing,
      recorded: before.recorded + audit.recorded,
      closed: before.closed + audit.closed,
      found: [...found, ...audit.found].slice(0, MAX_FINDINGS),
    };
  }

  /** What fails for one repository does not end the audit of the others. */
  async #tolerate<Value>(name: string, perform: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await perform();
    } catch (thrown) {
      if (!(thrown instanceof GitHubError) || STOPS.includes(thrown.failure.class)) throw thrown;
      this.#error = `${name}: ${errorText(thrown)}`;
      this.#deps.log.warn("audit.failed", { repository: name, error: errorText(thrown) });
      return undefined;
    }
  }
}
