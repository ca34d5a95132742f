/** Posts one report to GitHub. What may have been posted before is looked for first, so that nothing is posted twice. */
import type { DueReport } from "@webhook-gateway/shared/store/reports.ts";
import * as v from "valibot";
import type { Credential, GitHub } from "../github.ts";
import type { GitHubFailure } from "../github-failure.ts";
import { CHECK_NAME, type CheckRunContent, type CommitStatusContent, STATUS_CONTEXT } from "./content.ts";
import { isUncertain, type Plan } from "./plan.ts";

export type Posted =
  | { readonly class: "posted"; readonly externalId: string | null }
  /** GitHub has it already. */
  | { readonly class: "found"; readonly externalId: string | null }
  | GitHubFailure;

export interface PostTarget {
  readonly github: GitHub;
  readonly credential: Credential;
  readonly report: DueReport;
  readonly detailsUrl: string;
}

/** The client reads an id beyond 53 bits as a bigint. */
const id = v.pipe(
  v.union([v.number(), v.bigint()]),
  v.transform((given) => String(given)),
);
const checkRun = v.object({ id });
const checkRuns = v.object({
  check_runs: v.array(v.object({ id, external_id: v.nullish(v.string()) })),
});
const statuses = v.array(
  v.object({ context: v.string(), state: v.string(), description: v.nullish(v.string()) }),
);

const UNREADABLE: GitHubFailure = { class: "retryable", error: "GitHub's answer could not be read" };

/** Posts what was planned. */
export function post(target: PostTarget, plan: Exclude<Plan, { kind: "skip" }>): Promise<Posted> {
  return plan.kind === "check_run" ? postCheckRun(target, plan.content) : postStatus(target, plan.content);
}

async function postCheckRun(target: PostTarget, content: CheckRunContent): Promise<Posted> {
  const { report, detailsUrl } = target;
  const known = report.external_id ?? (isUncertain(report) ? await findCheckRun(target) : null);
  if (typeof known === "object" && known !== null) return known;
  const common = { ...repositoryOf(report), ...content, details_url: detailsUrl };
  const answer = await (known === null
    ? call(target, "POST /repos/{owner}/{repo}/check-runs", {
        ...common,
        name: CHECK_NAME,
        head_sha: report.head_sha,
        external_id: report.validation_id,
      })
    : call(target, "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
        ...common,
        check_run_id: known,
      }));
  if (!answer.ok) return answer.failure;
  const parsed = v.safeParse(checkRun, answer.data);
  return parsed.success ? { class: "posted", externalId: parsed.output.id } : UNREADABLE;
}

/** The newest check runs of the commit under our name are enough: one that is not among them was not just posted. */
async function findCheckRun(target: PostTarget): Promise<string | null | GitHubFailure> {
  const { report } = target;
  const answer = await call(target, "GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
    ...repositoryOf(report),
    ref: report.head_sha,
    check_name: CHECK_NAME,
    filter: "all",
    per_page: 100,
  });
  if (!answer.ok) return answer.failure;
  const parsed = v.safeParse(checkRuns, answer.data);
  if (!parsed.success) return UNREADABLE;
  const found = parsed.output.check_runs.find((run) => run.external_id === report.validation_id);
  return found === undefined ? null : found.id;
}

async function postStatus(target: PostTarget, content: CommitStatusContent): Promise<Posted> {
  const { report, detailsUrl } = target;
  if (isUncertain(report)) {
    const found = await findStatus(target, content);
    if (found !== undefined) return found;
  }
  const answer = await call(target, "POST /repos/{owner}/{repo}/statuses/{sha}", {
    ...repositoryOf(report),
    sha: report.head_sha,
    context: STATUS_CONTEXT,
    target_url: detailsUrl,
    ...content,
  });
  return answer.ok ? { class: "posted", externalId: null } : answer.failure;
}

/** GitHub lists the newest status first. */
async function findStatus(target: PostTarget, content: CommitStatusContent): Promise<Posted | undefined> {
  const { report } = target;
  const answer = await call(target, "GET /repos/{owner}/{repo}/commits/{ref}/statuses", {
    ...repositoryOf(report),
    ref: report.head_sha,
    per_page: 100,
  });
  if (!answer.ok) return answer.failure;
  const parsed = v.safeParse(statuses, answer.data);
  if (!parsed.success) return UNREADABLE;
  const newest = parsed.output.find(({ context }) => context === STATUS_CONTEXT);
  const same = newest?.state === content.state && newest.description === content.description;
  return same ? { class: "found", externalId: null } : undefined;
}

const call = ({ github, credential }: PostTarget, route: string, parameters: object) =>
  github.call(credential, route, parameters);

function repositoryOf({ repository }: DueReport): { owner: string; repo: string } {
  const [owner = "", repo = ""] = repository.split("/");
  return { owner, repo };
}
