/** Posts one report to GitHub. If it may have been posted before, GitHub is asked first, so that nothing is posted twice. */

import type { Credential, GitHub } from "@webhook-gateway/shared/github/client.ts";
import {
  type GitHubFailure,
  type GitHubQuota,
  UNREADABLE_ANSWER,
} from "@webhook-gateway/shared/github/failure.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import * as v from "valibot";
import { repositoryOf } from "../github/installation.ts";
import { type CheckRunContent, CONTEXTS, type CommitStatusContent } from "./content.ts";
import { type CurrentCheckRun, checkRunToChange, currentOf, isUncertain, type Post } from "./plan.ts";

export type Posted =
  | {
      readonly class: "posted";
      readonly externalId: string | null;
      /** It was the last request that GitHub takes before. */
      readonly limitedUntilMs: number | undefined;
      readonly quota?: GitHubQuota | undefined;
    }
  /** An earlier claim has posted it. */
  | { readonly class: "found"; readonly externalId: string | null }
  | { readonly class: "skipped"; readonly reason: string }
  | GitHubFailure;

export interface PostTarget {
  readonly github: GitHub;
  readonly credential: Credential;
  readonly report: DueReport;
  readonly detailsUrl: string;
}

const written = v.object({ id: v.number() });
const text = v.nullish(v.string(), null);
const checkRun = v.object({
  id: v.number(),
  external_id: text,
  status: v.string(),
  conclusion: text,
  output: v.object({ title: text, summary: text, text }),
});
type CheckRun = v.InferOutput<typeof checkRun>;
const checkRuns = v.object({ check_runs: v.array(checkRun) });
const statuses = v.array(
  v.object({ context: v.string(), state: v.string(), description: text, target_url: text }),
);

/** Posts what was planned. */
export function post(target: PostTarget, plan: Post): Promise<Posted> {
  return plan.kind === "check_run"
    ? postCheckRun(target, plan.content, plan.onlyIfThere)
    : postStatus(target, plan.content, plan.onlyIfThere);
}

async function postCheckRun(
  target: PostTarget,
  content: CheckRunContent,
  onlyIfThere: string | null,
): Promise<Posted> {
  const { report, detailsUrl } = target;
  const there = isUncertain(report) ? await findCheckRun(target) : undefined;
  if (there !== undefined && "class" in there) return there;
  const current = there === undefined ? currentOf(report) : there.current;
  const id = checkRunToChange(report, current);
  const isOwn = current?.validationId === report.validation_id;
  if (there?.shown !== undefined && isOwn && shows(there.shown, content))
    return { class: "found", externalId: String(id) };
  if (onlyIfThere !== null && !isOwn && current?.final !== false)
    return { class: "skipped", reason: onlyIfThere };
  const common = {
    ...repositoryOf(report.repository),
    ...content,
    details_url: detailsUrl,
    external_id: report.validation_id,
  };
  const answer = await (id === null
    ? call(target, "POST /repos/{owner}/{repo}/check-runs", {
        ...common,
        name: CONTEXTS[report.context].checkName,
        head_sha: report.head_sha,
      })
    : call(target, "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", { ...common, check_run_id: id }));
  if (!answer.ok) return answer.failure;
  const parsed = v.safeParse(written, answer.data);
  if (!parsed.success) return UNREADABLE_ANSWER;
  return {
    class: "posted",
    externalId: String(parsed.output.id),
    limitedUntilMs: answer.limitedUntilMs,
    quota: answer.quota,
  };
}

/** Whether a check run has the content already. GitHub would add the same annotations again. */
const shows = ({ status, conclusion, output }: CheckRun, content: CheckRunContent): boolean =>
  status === content.status &&
  conclusion === (content.conclusion ?? null) &&
  output.title === content.output.title &&
  output.summary === content.output.summary &&
  output.text === (content.output.text ?? null);

interface Found {
  readonly current: CurrentCheckRun | null;
  readonly shown: CheckRun | undefined;
}

/**
 * The check run that GitHub shows of the commit. The newest check runs under our name are enough: one that was just posted
 * is among them. Another App can use the name too, but not our ids.
 */
async function findCheckRun(target: PostTarget): Promise<Found | GitHubFailure> {
  const { report } = target;
  const answer = await call(target, "GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
    ...repositoryOf(report.repository),
    ref: report.head_sha,
    check_name: CONTEXTS[report.context].checkName,
    filter: "all",
    per_page: 100,
  });
  if (!answer.ok) return answer.failure;
  const parsed = v.safeParse(checkRuns, answer.data);
  if (!parsed.success) return UNREADABLE_ANSWER;
  const shown = parsed.output.check_runs
    .filter(({ external_id }) => external_id?.includes(`-${report.head_sha}-`))
    .toSorted((a, b) => b.id - a.id)[0];
  if (shown === undefined) return { current: null, shown };
  const { id, external_id, status, conclusion } = shown;
  // One that asks for an approval goes on as what is approved.
  const final = status === "completed" && conclusion !== "action_required";
  return { current: { id, validationId: external_id ?? "", final }, shown };
}

async function postStatus(
  target: PostTarget,
  content: CommitStatusContent,
  onlyIfThere: string | null,
): Promise<Posted> {
  const { report, detailsUrl } = target;
  if (isUncertain(report)) {
    const found = await findStatus(target, content, onlyIfThere);
    if (found !== undefined) return found;
  }
  const answer = await call(target, "POST /repos/{owner}/{repo}/statuses/{sha}", {
    ...repositoryOf(report.repository),
    sha: report.head_sha,
    context: CONTEXTS[report.context].statusContext,
    target_url: detailsUrl,
    ...content,
  });
  if (!answer.ok) return answer.failure;
  const { limitedUntilMs, quota } = answer;
  return { class: "posted", externalId: null, limitedUntilMs, quota };
}

/** GitHub lists the newest status first. Undefined if it is to be posted. */
async function findStatus(
  target: PostTarget,
  content: CommitStatusContent,
  onlyIfThere: string | null,
): Promise<Posted | undefined> {
  const { report, detailsUrl } = target;
  const answer = await call(target, "GET /repos/{owner}/{repo}/commits/{ref}/statuses", {
    ...repositoryOf(report.repository),
    ref: report.head_sha,
    per_page: 100,
  });
  if (!answer.ok) return answer.failure;
  const parsed = v.safeParse(statuses, answer.data);
  if (!parsed.success) return UNREADABLE_ANSWER;
  const { statusContext } = CONTEXTS[report.context];
  const ours = parsed.output.filter(({ context }) => context === statusContext);
  const [newest] = ours;
  const ofThis = ours.filter(({ target_url }) => target_url === detailsUrl);
  const waits = newest?.state === "pending";
  if (ofThis.length === 0 && !waits && onlyIfThere !== null) return { class: "skipped", reason: onlyIfThere };
  const same =
    newest !== undefined &&
    newest === ofThis[0] &&
    newest.state === content.state &&
    newest.description === content.description;
  return same ? { class: "found", externalId: null } : undefined;
}

const call = ({ github, credential }: PostTarget, route: string, parameters: object) =>
  github.call(credential, route, parameters);
