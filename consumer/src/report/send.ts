/** Plans claimed reports and sends what is to be posted, within the budgets of their credentials. */
import { type Credential, toLimit } from "@webhook-gateway/shared/github/client.ts";
import type { GitHubFailure } from "@webhook-gateway/shared/github/failure.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import { sha256Hex } from "@webhook-gateway/shared/text/hash.ts";
import {
  type CredentialDeps,
  findCredentials,
  type InstallationCredential,
  NOT_INSTALLED,
} from "../github/installation.ts";
import { type Refused, type Sending, sendWithinBudgets } from "../github/send.ts";
import { type Plan, planReport } from "./plan.ts";
import { type Posted, post } from "./post.ts";

export interface ReportSendDeps extends CredentialDeps {
  /** The address of a run's page, which checks lead to. */
  readonly runPageUrl: (validationId: string) => Promise<string>;
  /** Whether what is skipped gets a check. */
  readonly reportSkipped: boolean;
}

/** The result of one report. `unchanged`: what GitHub shows of it was posted before. */
export type Result = Posted | Refused | { readonly class: "unchanged" };

export interface SentReport {
  readonly report: DueReport;
  readonly result: Result;
  /** Of what can be seen of it on GitHub; empty if nothing was to be posted. */
  readonly hash: string;
  /** How it was sent, or was to be sent; null: not at all. */
  readonly sending: { readonly credential: Credential; readonly creates: boolean } | null;
}

interface PlannedReport {
  readonly report: DueReport;
  readonly detailsUrl: string;
  readonly plan: Plan;
  readonly hash: string;
}

interface ReportSending extends Sending<Posted> {
  readonly planned: PlannedReport;
}

/** Never throws but for D1. Each report has its result, in their order. */
export async function sendReports(
  deps: ReportSendDeps,
  reports: readonly DueReport[],
  mode: "app" | "token",
): Promise<readonly SentReport[]> {
  const all = await Promise.all(reports.map((report) => planOf(deps, report, mode)));
  const results = new Map<PlannedReport, Result>();
  for (const planned of all) {
    const result = resultWithoutPosting(planned);
    if (result !== undefined) results.set(planned, result);
  }
  const open = all.filter((planned) => !results.has(planned));
  const sendings = await send(deps, open, results, (planned) => planned.report);
  const movedSendings = await sendAgain(deps, sendings, results);
  const sent = new Map([...sendings, ...movedSendings].map((sending) => [sending.planned, sending]));
  return all.map((planned) => {
    const { report, hash } = planned;
    const sending = sent.get(planned);
    return {
      report,
      result: results.get(planned) ?? LOST,
      hash,
      sending:
        sending === undefined ? null : { credential: sending.credential, creates: sending.cost.creates },
    };
  });
}

/** Sends what has a credential, and adds every result. @param installed what is known of each one's installation */
async function send(
  deps: ReportSendDeps,
  open: readonly PlannedReport[],
  results: Map<PlannedReport, Result>,
  installed: (planned: PlannedReport) => DueReport,
  isToBeSent: (planned: PlannedReport, credential: Credential) => boolean = () => true,
): Promise<readonly ReportSending[]> {
  const credentials = await findCredentials(deps, open.map(installed));
  const sendings = open
    .flatMap((planned) => sendingOf(deps, planned, credentials, results))
    .filter(({ planned, credential }) => isToBeSent(planned, credential));
  const sent = await sendWithinBudgets(deps, sendings, (posted) => ({
    limit: "limitedUntilMs" in posted ? toLimit(posted) : undefined,
    quota: "quota" in posted ? posted.quota : undefined,
  }));
  sendings.forEach(({ planned }, index) => void results.set(planned, sent[index] ?? LOST));
  return sendings;
}

/**
 * An App that was installed again has another installation than the one that is stored. GitHub is asked once which one
 * it is, and what was not found under the old one is sent under the new one.
 */
async function sendAgain(
  deps: ReportSendDeps,
  sendings: readonly ReportSending[],
  results: Map<PlannedReport, Result>,
): Promise<readonly ReportSending[]> {
  const notFound = sendings.flatMap(({ planned, credential }) => {
    const result = results.get(planned);
    const missing = result !== undefined && "class" in result && result.class === "missing";
    return missing && isStored(planned, credential) ? [planned] : [];
  });
  if (notFound.length === 0) return [];
  const unknown = ({ report }: PlannedReport) => ({
    ...report,
    installation_id: null,
    installation_at: null,
  });
  return send(deps, notFound, results, unknown, (planned, credential) => !isStored(planned, credential));
}

const isStored = ({ report }: PlannedReport, credential: Credential): boolean =>
  credential.kind === "installation" && credential.id === report.installation_id;

const LOST: GitHubFailure = { class: "retryable", error: "the report ended without an outcome" };

async function planOf(
  { runPageUrl, reportSkipped }: ReportSendDeps,
  report: DueReport,
  mode: "app" | "token",
): Promise<PlannedReport> {
  const detailsUrl = await runPageUrl(report.validation_id);
  const linked = [report.reused_from, ...report.others.map(({ validation_id }) => validation_id)];
  const urls = new Map(
    await Promise.all(
      linked.filter((id) => id !== null).map(async (id) => [id, await runPageUrl(id)] as const),
    ),
  );
  const plan = planReport(report, mode, (id) => urls.get(id) ?? detailsUrl, reportSkipped);
  const hash = plan.kind === "skip" ? "" : await sha256Hex(JSON.stringify([plan.kind, plan.content]));
  return { report, detailsUrl, plan, hash };
}

/** A result that is known without asking GitHub. */
function resultWithoutPosting({ plan, hash, report }: PlannedReport): Result | undefined {
  if (plan.kind === "skip") return { class: "skipped", reason: plan.reason };
  const isShown = report.shown?.validation_id === report.validation_id && hash === report.posted_hash;
  return isShown ? { class: "unchanged" } : undefined;
}

/** What to send. Nothing if its repository has no credential, which then is its result. */
function sendingOf(
  { github }: ReportSendDeps,
  planned: PlannedReport,
  credentials: ReadonlyMap<number, InstallationCredential>,
  results: Map<PlannedReport, Result>,
): ReportSending[] {
  const { report, detailsUrl, plan } = planned;
  const found = credentials.get(report.repository_id);
  if (plan.kind === "skip" || found === undefined) return [];
  if (!("credential" in found)) {
    results.set(planned, "failure" in found ? withoutCredential(found.failure) : found);
    return [];
  }
  const { credential } = found;
  const perform = () => post({ github, credential, report, detailsUrl }, plan);
  return [{ planned, credential, cost: plan.cost, perform }];
}

const withoutCredential = (failure: GitHubFailure): Result =>
  failure === NOT_INSTALLED ? { class: "skipped", reason: failure.error } : failure;
