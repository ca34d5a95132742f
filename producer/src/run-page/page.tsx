/** The page of a run, for contributors: no login, nothing to press, and nothing but this run. */
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { RunView } from "@webhook-gateway/shared/store/read/run-view.ts";
import { spanMs } from "@webhook-gateway/shared/text/duration.ts";
import { advice, type DescribedRun, headline, reasonOf } from "@webhook-gateway/shared/wording/run.ts";
import { StateBadge, stateBadge } from "../dashboard/parts/badge.tsx";
import { Fields } from "../dashboard/parts/fields.tsx";
import { Ago, At, Outside, Span, Text, utcText } from "../dashboard/parts/inline.tsx";
import { outsideHref } from "../dashboard/parts/link.ts";
import { shorten, visible } from "../dashboard/parts/text.ts";
import { useNow } from "../dashboard/parts/view.ts";
import { Choices } from "./choices.tsx";
import { Frame } from "./frame.tsx";
import { Steps } from "./steps.tsx";
import { Waiting } from "./waiting.tsx";

export interface RunPageProps {
  readonly run: RunView;
  /** The page of the newest run, if it is another one. */
  readonly newerPath: string | undefined;
  /** The page of the run whose success stands for this one. */
  readonly reusedPath: string | undefined;
}

const REFRESH_SECONDS = 10;

export function RunPage({ run, newerPath, reusedPath }: RunPageProps) {
  const live = !isFinal(run.state);
  const name = subjectOf(run);
  return (
    <Frame
      title={`${stateBadge(run).word}: ${shorten(name, 200)}`}
      refreshSeconds={live ? REFRESH_SECONDS : undefined}
      foot={<Foot run={run} />}
    >
      <div class="title">
        <h1>
          <Text text={name} maxLength={200} />
        </h1>
        <StateBadge of={run} />
      </div>
      <p class="about muted">
        <Commit run={run} />
        {run.run > 1 && ` · run ${run.run}`} · queued <Ago at={run.created_at} />
      </p>
      <Verdict run={run} reusedPath={reusedPath} />
      <Waiting run={run} />
      {run.digest.steps.length + Number(run.state === "completed" && run.reused_from === null) > 0 && (
        <Steps digest={run.digest} />
      )}
      <Choices run={run} newerPath={newerPath} />
      <section aria-labelledby="details">
        <h2 id="details">Details</h2>
        <Details run={run} />
      </section>
      <Explained />
    </Frame>
  );
}

/** `acme/widgets#12`, or the repository and the branch. */
function subjectOf({ kind, repository, number, ref }: RunView): string {
  if (kind === "pull_request") return `${repository}#${number}`;
  if (kind === "merge_group") return `${repository}, merge group${number > 0 ? ` of #${number}` : ""}`;
  return `${repository}, ${ref.replace(/^refs\/heads\//, "")}`;
}

/** The verdict in the words of the check, which may begin its advice with them. */
function Verdict({ run, reusedPath }: Pick<RunPageProps, "run" | "reusedPath">) {
  const described: DescribedRun = { ...run, state: run.state === "dispatching" ? "queued" : run.state };
  const verdict = headline(described, run.digest);
  const next = advice(described, run.digest, (name) => name);
  const reason = reasonOf(described, run.digest);
  const statedPrefix = verdict.split(": ")[0] ?? verdict;
  return (
    <div class={`verdict ${stateBadge(run).tone}`} role="status">
      <p>
        <strong>
          <Text text={verdict} maxLength={600} />
        </strong>
      </p>
      <p>
        <Text
          text={next.startsWith(`${verdict}. `) ? next.slice(verdict.length + 2) : next}
          maxLength={1000}
        />
      </p>
      {reusedPath !== undefined && (
        <p>
          <a href={reusedPath}>Look at the run that passed</a>.
        </p>
      )}
      {run.cancelled_by !== null && <p>{CANCELLED[run.cancelled_by]}</p>}
      {reason !== null && statedPrefix === verdict && (
        <p>
          Reason: <Text text={reason} maxLength={600} />
        </p>
      )}
    </div>
  );
}

const CANCELLED: Readonly<Record<NonNullable<RunView["cancelled_by"]>, string>> = {
  close: "It was cancelled because the pull request was closed, or the merge group dissolved.",
  comment: "It was cancelled by a comment on the pull request.",
  operator: "It was cancelled by an operator of the gateway.",
};

const Details = ({ run }: Pick<RunPageProps, "run">) => (
  <Fields
    of={[
      ["Pull request", run.kind === "pull_request" && <Outside address={run.pr_url} />],
      ["Branch", <Text text={run.ref.replace(/^refs\/heads\//, "")} maxLength={300} />],
      ["Commit", <code>{visible(run.head_sha)}</code>],
      ["Queued", <At at={run.created_at} />],
      ["Started", run.started_at && <At at={run.started_at} />],
      ["Finished", run.finished_at && <At at={run.finished_at} />],
      ["Ran for", run.finished_at && <Span ms={spanMs(run.started_at, run.finished_at)} />],
    ]}
  />
);

/** The commit, as a link to GitHub. */
function Commit({ run }: { readonly run: RunView }) {
  const sha = <code>{visible(run.head_sha.slice(0, 9))}</code>;
  const base = run.kind === "pull_request" ? run.pr_url : run.clone_url.replace(/\.git$/, "");
  const path = run.kind === "pull_request" ? "commits" : "commit";
  const isLink = outsideHref(base) !== undefined && /^[0-9a-f]{40,64}$/.test(run.head_sha);
  return <>commit {isLink ? <Outside address={`${base}/${path}/${run.head_sha}`}>{sha}</Outside> : sha}</>;
}

const Explained = () => (
  <details class="raw explained" id="explained">
    <summary>What this check is</summary>
    <p>
      The newest commit of an open pull request is validated, unless it is a draft or waits for approval:
      Grainchain checks it out in a sandbox and runs the repository’s steps, such as its linter and its tests.
      GitHub shows the result with the commit.
    </p>
    <p>
      A run waits if the sandboxes are busy; repositories take turns. A newer commit supersedes an older one.
      “Failure” is about the change; “failed”, “timed out” and “dead” are about the sandbox, and say nothing
      about the change.
    </p>
  </details>
);

const Foot = ({ run }: Pick<RunPageProps, "run">) => (
  <>
    run <code>{visible(run.id)}</code> · as of {utcText(useNow().toISOString())} · anyone with this link can
    view this page
  </>
);
