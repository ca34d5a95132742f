/** What the reader of a run's page can do. */
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { RunView } from "@webhook-gateway/shared/store/read/run-view.ts";
import type { Child } from "hono/jsx";

interface Props {
  readonly run: RunView;
  /** The page of the newest run, if it is another one. */
  readonly newerPath: string | undefined;
}

export function Choices(props: Props) {
  const choices = choicesOf(props).filter((choice) => choice !== undefined);
  if (choices.length === 0) return null;
  return (
    <section aria-labelledby="choices">
      <h2 id="choices">What you can do</h2>
      <ul class="choices">
        {choices.map((choice) => (
          <li>{choice}</li>
        ))}
      </ul>
    </section>
  );
}

function choicesOf({ run, newerPath }: Props): (Child | undefined)[] {
  if (newerPath !== undefined) return [<Newer run={run} path={newerPath} />];
  const pull = run.kind === "pull_request";
  if (run.state === "held") {
    return [
      <>
        Ask a maintainer to review the change and to approve it: with the <b>Approve</b> button on the
        commit’s check, or with the comment <code>/validate</code> on the pull request. A newer commit needs a
        new approval.
      </>,
    ];
  }
  if (!isFinal(run.state)) {
    return [
      "Wait: the result appears at the commit’s check, and here.",
      pull ? "Push again: a newer commit supersedes this one." : undefined,
      pull ? (
        <>
          Stop it: comment <code>/validate cancel</code> on the pull request.
        </>
      ) : undefined,
    ];
  }
  if (run.conclusion === "success") return [];
  if (run.state === "skipped") {
    return [
      "Nothing has to be done: a skipped check does not block a merge. A draft is validated once it is ready.",
    ];
  }
  const broke = run.state === "failed" || run.state === "timed_out" || run.state === "dead";
  return [
    broke
      ? undefined
      : "Push again: the newest commit is validated, unless it is a draft or waits for approval.",
    pull ? <Again /> : "Run it again: press Re-run at the commit’s check, if it has this button.",
    broke ? (
      <>
        If it happens again, ask a maintainer, and name this run: <code>{run.id}</code>
      </>
    ) : undefined,
  ];
}

const Again = () => (
  <>
    Run it again: comment <code>/validate</code> on the pull request, or press Re-run at the check, if it has
    this button. Members and collaborators of the repository can; if you are neither, ask a maintainer.
  </>
);

const Newer = ({ run, path }: { readonly run: RunView; readonly path: string }) => {
  const same = run.newer?.head_sha === run.head_sha;
  return (
    <>
      <a href={path}>Look at the newest run</a>
      {same ? (
        " of this commit"
      ) : (
        <>
          , of commit <code>{run.newer?.head_sha.slice(0, 9)}</code>
        </>
      )}
      .
    </>
  );
};
