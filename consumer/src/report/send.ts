/** Plans claimed reports and sends what is to be posted, within the budgets of their credentials. */

import type { Credential } from "@webhook-gateway/shared/github/client.ts";
import type { GitHubFailure } from "@webhook-gateway/shared/github/failure.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import { findSpeakers, NOT_INSTALLED, type Speaker, type SpeakerDeps } from "../github/installation.ts";
import { type Refused, type Sending, sendWithinBudgets } from "../github/send.ts";
import { type Plan, planReport } from "./plan.ts";
import { type Posted, post } from "./post.ts";

export interface ReportSendDeps extends SpeakerDeps {
  /** The gateway's own address, for links. */
  readonly publicUrl: string;
}

/** What became of one report. `unchanged`: what GitHub shows of it was posted before. */
export type Result = Posted | Refused | { readonly class: "unchanged" };

export interface SentReport {
  readonly report: DueReport;
  readonly result: Result;
  /** Of what can be seen of it on GitHub; empty where nothing was to be posted. */
  readonly hash: string;
  /** Whom it was, or was to be, posted as, and whether a check run or a status was to be created; null: not at all. */
  readonly sending: { readonly credential: Credential; readonly creates: boolean } | null;
}

interface Draft {
  readonly report: DueReport;
  readonly detailsUrl: string;
  readonly plan: Plan;
  readonly hash: string;
}

interface ReportSending extends Sending<Posted> {
  readonly draft: Draft;
}

/** Never throws but for D1; each report has its result, in their order. */
export async function sendReports(
  deps: ReportSendDeps,
  reports: readonly DueReport[],
  mode: "app" | "token",
): Promise<readonly SentReport[]> {
  const drafts = await Promise.all(reports.map((report) => draftOf(deps, report, mode)));
  const results = new Map<Draft, Result>(drafts.flatMap((draft) => withoutPosting(draft)));
  const open = drafts.filter((draft) => !results.has(draft));
  const speakers = await findSpeakers(
    deps,
    open.map(({ report }) => report),
  );
  const sendings = open.flatMap((draft) => addressed(deps, draft, speakers, results));
  await send(deps, sendings, results);
  const moved = await sendAgain(deps, sendings, results);
  const sent = new Map([...sendings, ...moved].map((sending) => [sending.draft, sending]));
  return drafts.map((draft) => {
    const sending = sent.get(draft);
    return {
      report: draft.report,
      result: results.get(draft) ?? LOST,
      hash: draft.hash,
      sending:
        sending === undefined ? null : { credential: sending.credential, creates: sending.wanted.creates },
    };
  });
}

async function send(
  deps: ReportSendDeps,
  sendings: readonly ReportSending[],
  results: Map<Draft, Result>,
): Promise<void> {
  const sent = await sendWithinBudgets(deps, sendings, (posted) =>
    "limitedUntilMs" in posted ? posted.limitedUntilMs : undefined,
  );
  sendings.forEach(({ draft }, index) => void results.set(draft, sent[index] ?? LOST));
}

/**
 * An App that was installed anew has another installation than the one that is remembered. GitHub is asked once which
 * it is, and what was not found under the old one is sent under the new one.
 */
async function sendAgain(
  deps: ReportSendDeps,
  sendings: readonly ReportSending[],
  results: Map<Draft, Result>,
): Promise<readonly ReportSending[]> {
  const lost = sendings.filter(({ draft, credential }) => {
    const result = results.get(draft);
    const missing = result !== undefined && "class" in result && result.class === "missing";
    return missing && isRemembered(draft, credential);
  });
  if (lost.length === 0) return [];
  const speakers = await findSpeakers(
    deps,
    lost.map(({ draft: { report } }) => ({ ...report, installation_id: null, installation_at: null })),
  );
  const moved = lost
    .flatMap(({ draft }) => addressed(deps, draft, speakers, results))
    .filter(({ draft, credential }) => !isRemembered(draft, credential));
  await send(deps, moved, results);
  return moved;
}

const isRemembered = ({ report }: Draft, credential: Credential): boolean =>
  credential.kind === "installation" && credential.id === report.installation_id;

const LOST: GitHubFailure = { class: "retryable", error: "the report ended without an outcome" };

async function draftOf(
  { publicUrl }: ReportSendDeps,
  report: DueReport,
  mode: "app" | "token",
): Promise<Draft> {
  const detailsOf = (id: string) => `${publicUrl.replace(/\/+$/, "")}/dashboard/validations/${id}`;
  const detailsUrl = detailsOf(report.validation_id);
  const plan = planReport(report, mode, detailsOf);
  const hash = plan.kind === "skip" ? "" : await hashOf(JSON.stringify([plan.kind, plan.content]));
  return { report, detailsUrl, plan, hash };
}

/** What is known without asking GitHub. */
function withoutPosting(draft: Draft): (readonly [Draft, Result])[] {
  const { plan, hash, report } = draft;
  if (plan.kind === "skip") return [[draft, { class: "skipped", reason: plan.reason }]];
  const isShown = report.shown?.validation_id === report.validation_id && hash === report.posted_hash;
  return isShown ? [[draft, { class: "unchanged" }]] : [];
}

/** What is to be sent of a draft; nothing where nobody can speak for its repository, which then is its result. */
function addressed(
  { github }: ReportSendDeps,
  draft: Draft,
  speakers: ReadonlyMap<number, Speaker>,
  results: Map<Draft, Result>,
): ReportSending[] {
  const { report, detailsUrl, plan } = draft;
  const speaker = speakers.get(report.repository_id);
  if (plan.kind === "skip" || speaker === undefined) return [];
  if (!("credential" in speaker)) {
    results.set(draft, "failure" in speaker ? unspoken(speaker.failure) : speaker);
    return [];
  }
  const { credential } = speaker;
  const perform = () => post({ github, credential, report, detailsUrl }, plan);
  return [{ draft, credential, wanted: plan.wanted, perform }];
}

const unspoken = (failure: GitHubFailure): Result =>
  failure === NOT_INSTALLED ? { class: "skipped", reason: failure.error } : failure;

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
