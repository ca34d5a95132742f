/** Replays, discards, and re-runs and cancels of many: who, when, why, and the progress. */
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import { Badge, WordBadge } from "../parts/badge.tsx";
import { Ago, Text, Took } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { BASE, paths, replayAnchor } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import { Table } from "../parts/table.tsx";
import { type ListProps, useView } from "../parts/view.ts";
import { onlyDeadLetter, scopeText } from "./scope-text.ts";

export const ReplaysPage = ({ list, filter }: ListProps<ReplayItem>) => (
  <Page
    title="Replays"
    section="replays"
    refreshSeconds={list.items.some(({ status }) => status === "running") ? 2 : 10}
  >
    <h1>Replays and bulk commands</h1>
    <Table
      caption="Replays and discards of dead letters, bulk re-runs and cancels of validations, newest first"
      items={list.items}
      keyOf={({ id }) => id}
      stack
      empty="Nothing was replayed or discarded yet. Start on the page of dead letters."
      columns={[
        { head: "State", kind: "narrow", cell: (replay) => <State replay={replay} /> },
        { head: "What", names: true, cell: (replay) => <What replay={replay} /> },
        { head: "Progress", cell: (replay) => <Progress replay={replay} /> },
        { head: "Rate", kind: "wide num", cell: ({ rate }) => (rate === 0 ? "at once" : `${rate}/min`) },
        {
          head: "Duration",
          kind: "wide num",
          cell: ({ requested_at, finished_at, status }) => (
            <Took from={requested_at} to={finished_at} ongoing={status === "running"} />
          ),
        },
        { head: "Requested", kind: "num", cell: (replay) => <Ago at={replay.requested_at} /> },
      ]}
    />
    <Paging path={paths.replays()} filter={filter} next={list.next_cursor} />
  </Page>
);

const State = ({ replay }: { readonly replay: ReplayItem }) => (
  <>
    <WordBadge word={replay.status} />
    {useView().role === "operator" && replay.status === "running" && (
      <form method="post" action={`${BASE}/replays/${encodeURIComponent(replay.id.toWellFormed())}/cancel`}>
        <button type="submit" class="danger small">
          Stop
        </button>
      </form>
    )}
  </>
);

const What = ({ replay }: { readonly replay: ReplayItem }) => (
  <div id={replayAnchor(replay.id)}>
    {VERBS[replay.action]} of <Scope replay={replay} />
    <div class="muted">
      by <Text text={replay.requested_by} maxLength={60} />
      {replay.reason !== null && (
        <>
          : <Text text={replay.reason} maxLength={200} />
        </>
      )}
    </div>
  </div>
);

const VERBS = { replay: "Replay", discard: "Discard", rerun: "Re-run", cancel: "Cancel" } as const;

const isAboutValidations = ({ action }: ReplayItem): boolean => action === "rerun" || action === "cancel";

/** A single dead letter is a link. */
function Scope({ replay }: { readonly replay: ReplayItem }) {
  const { scope } = replay;
  if (isAboutValidations(replay)) return <Text text={scopeText(scope, "validation")} maxLength={160} />;
  const deadLetter = onlyDeadLetter(scope);
  if (deadLetter === undefined) return <Text text={scopeText(scope)} maxLength={160} />;
  return (
    <a href={paths.deadLetter(deadLetter)}>
      <Text text={deadLetter} maxLength={60} />
    </a>
  );
}

const Progress = ({ replay }: { readonly replay: ReplayItem }) => (
  <>
    <span class="progress">
      <progress max={Math.max(replay.total, 1)} value={replay.replayed} aria-label="Processed" />
      {replay.replayed} of {replay.total}
    </span>
    {replay.failed > 0 && (
      <>
        {" "}
        {isAboutValidations(replay) ? (
          <span class="muted">{replay.failed} left alone</span>
        ) : (
          <Badge tone="bad" word={`${replay.failed} failed`} />
        )}
      </>
    )}
  </>
);
