/** Plans claimed reports and sends what is to be posted, within the budgets of their credentials. */
import type { DueReport } from "@webhook-gateway/shared/store/reports.ts";
import type { GitHub } from "../github.ts";
import type { GitHubFailure } from "../github-failure.ts";
import { type Refused, type SendDeps, type Sending, sendWithinBudgets } from "../github-send.ts";
import { findSpeakers, NOT_INSTALLED } from "../installation.ts";
import { type Plan, planReport } from "./plan.ts";
import { type Posted, post } from "./post.ts";

export interface ReportSendDeps extends SendDeps {
  readonly db: D1Database;
  readonly github: GitHub;
  /** The gateway's own address, for links. */
  readonly publicUrl: string;
}

/** What became of one report. */
export type Result = Posted | Refused | { readonly class: "skipped"; readonly reason: string };

export interface SentReport {
  readonly report: DueReport;
  readonly result: Result;
  /** Of what can be seen of it on GitHub; empty where nothing was to be posted. */
  readonly hash: string;
  /** Of the installation that it was sent to; null where there is none. */
  readonly installationId: number | null;
}

type Post = Exclude<Plan, { kind: "skip" }>;

interface Draft {
  readonly report: DueReport;
  readonly detailsUrl: string;
  readonly plan: Plan;
  readonly hash: string;
}

/** Never throws but for D1; each report has its result, in their order. */
export async function sendReports(
  deps: ReportSendDeps,
  reports: readonly DueReport[],
  mode: "app" | "token",
): Promise<readonly SentReport[]> {
  const drafts = await Promise.all(reports.map((report) => draftOf(deps, report, mode)));
  const known = new Map(drafts.flatMap((draft) => withoutPosting(draft)));
  const open = drafts.filter((draft) => !known.has(draft));
  const speakers = await findSpeakers(
    deps,
    open.map(({ report }) => report),
  );
  const sendings = open.flatMap((draft) => {
    const speaker = speakers.get(draft.report.repository_id);
    if (draft.plan.kind === "skip" || speaker === undefined) return [];
    if ("failure" in speaker) {
      known.set(draft, unspoken(speaker.failure));
      return [];
    }
    return [sendingOf(deps, draft, draft.plan, speaker)];
  });
  const results = await sendWithinBudgets(deps, sendings, (posted) =>
    posted.class === "limited" ? posted.limitedUntilMs : undefined,
  );
  sendings.forEach(({ draft }, index) => void known.set(draft, results[index] ?? LOST));
  return drafts.map((draft) => ({
    report: draft.report,
    result: known.get(draft) ?? LOST,
    hash: draft.hash,
    installationId: sendings.find((sending) => sending.draft === draft)?.installationId ?? null,
  }));
}

const LOST: GitHubFailure = { class: "retryable", error: "the report ended without an outcome" };

async function draftOf(
  { publicUrl }: ReportSendDeps,
  report: DueReport,
  mode: "app" | "token",
): Promise<Draft> {
  const detailsUrl = `${publicUrl.replace(/\/+$/, "")}/dashboard/validations/${report.validation_id}`;
  const plan = planReport(report, mode, detailsUrl);
  const hash = plan.kind === "skip" ? "" : await hashOf(JSON.stringify([plan.kind, plan.content]));
  return { report, detailsUrl, plan, hash };
}

/** What is known without asking GitHub. */
function withoutPosting(draft: Draft): (readonly [Draft, Result])[] {
  const { plan, hash, report } = draft;
  if (plan.kind === "skip") return [[draft, { class: "skipped", reason: plan.reason }]];
  return hash === report.posted_hash ? [[draft, { class: "found", externalId: null }]] : [];
}

function unspoken(failure: GitHubFailure): Result {
  return failure === NOT_INSTALLED ? { class: "skipped", reason: failure.error } : failure;
}

function sendingOf(
  { github }: ReportSendDeps,
  draft: Draft,
  plan: Post,
  { credential }: Pick<Sending<Posted>, "credential">,
): Sending<Posted> & { readonly draft: Draft; readonly installationId: number | null } {
  const { report, detailsUrl } = draft;
  return {
    draft,
    credential,
    wanted: plan.wanted,
    installationId: credential.kind === "installation" ? credential.id : null,
    perform: () => post({ github, credential, report, detailsUrl }, plan),
  };
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
