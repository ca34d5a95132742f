/**
 * The audit: open pull requests on GitHub against what is recorded. It finds what neither GitHub's list of deliveries nor
 * its redelivery brings back, and what was open before the gateway was installed.
 */
import { MAX_FINDINGS } from "@webhook-gateway/shared/api/audit.ts";
import type { GitHubFailureClass } from "@webhook-gateway/shared/github/failure.ts";
import type { AuditPosition } from "@webhook-gateway/shared/store/claim/progress.ts";
import { loadEtags, loadOpenPulls } from "@webhook-gateway/shared/store/maintain/audited.ts";
import { type AuditResult, NO_RESULT } from "@webhook-gateway/shared/store/maintain/audits.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { hasRoom } from "../../effects/queries.ts";
import { GitHubError } from "../../github/ask.ts";
import { withReservation } from "../../github/reservation.ts";
import { type AuditDeps, auditSeen, type Seen, type SeenAudit, seeRepository } from "./audit-seen.ts";
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

/** Requests of one invocation that GitHub counts. How many of an hour it may use is up to the budget. */
const MAX_ANSWERS = 300;
/** Repositories that are held against D1 together. */
const AT_ONCE = 25;
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
  /** In a row. */
  #failures = 0;
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
      this.#failures = 0;
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
    const wanted = repositories.flatMap((repository, index) =>
      index < from || repository.archived || !this.#scope.includes(repository.full_name)
        ? []
        : [{ repository, index }],
    );
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const group = wanted.slice(at, at + AT_ONCE);
      const begin = { source, page, index: group[0]?.index ?? 0 };
      this.position = begin;
      if (!this.#hasRoom()) return begin;
      const { seen, stopped } = await this.#see(group);
      const audit = await auditSeen(this.#deps, seen, this.#dryRun);
      this.#add(audit);
      if (!audit.ended) return begin;
      if (stopped === undefined) continue;
      if (!("thrown" in stopped)) return "failed";
      this.position = { source, page, index: stopped.index };
      throw stopped.thrown;
    }
    return null;
  }

  /** Looks at repositories, one after the other, until GitHub cannot be asked. */
  async #see(group: readonly { readonly repository: AuditedRepository; readonly index: number }[]) {
    const { db } = this.#deps;
    const ids = group.map(({ repository }) => repository.id);
    const etags = await loadEtags(db, ids);
    const open = await loadOpenPulls(db, ids);
    const pages = ids.reduce((all, id) => all + Math.max(etags.get(id)?.length ?? 0, 1), 0);
    return withReservation(this.#deps, pages, async (deps) => {
      const seen: Seen[] = [];
      for (const { repository, index } of group) {
        const { id, full_name } = repository;
        try {
          const one = await this.#tolerate(full_name, () =>
            seeRepository(deps, repository, etags.get(id) ?? [], open.get(id) ?? []),
          );
          this.#failures = one === undefined ? this.#failures + 1 : 0;
          if (one !== undefined) seen.push(one);
          if (this.#failures >= MAX_FAILURES) return { seen, stopped: { index } };
        } catch (thrown) {
          return { seen, stopped: { index, thrown } };
        }
      }
      return { seen, stopped: undefined };
    });
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

  #add(audit: SeenAudit): void {
    const before = this.#result;
    this.#answers += audit.answers;
    this.#result = {
      audited: before.audited + audit.audited,
      unchanged: before.unchanged + audit.unchanged,
      pulls: before.pulls + audit.pulls,
      missing: before.missing + audit.missing,
      recorded: before.recorded + audit.recorded,
      closed: before.closed + audit.closed,
      found: [...before.found, ...audit.found].slice(0, MAX_FINDINGS),
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
