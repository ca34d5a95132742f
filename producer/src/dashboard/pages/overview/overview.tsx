/** The overview: running and waiting work, gates, dead letters, and the last 24 hours. */
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import { LIVE_STATES, VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import type { Health } from "../../../health/health.ts";
import { StateBadge, WordBadge } from "../../parts/badge.tsx";
import { Ago, Text } from "../../parts/inline.tsx";
import { Page } from "../../parts/layout.tsx";
import { paths } from "../../parts/link.ts";
import { Table } from "../../parts/table.tsx";
import { PauseForms } from "../repositories/pause.tsx";
import { Attention } from "./attention.tsx";
import { Gates } from "./gates.tsx";
import { Checks } from "./health.tsx";
import { Plots } from "./plots.tsx";
import { Tiles } from "./tiles.tsx";

interface Props {
  readonly overview: Overview;
  readonly health: Health;
}

export const OverviewPage = ({ overview, health }: Props) => (
  <Page title="Overview" section="now" refreshSeconds={5} plots>
    <div class="title">
      <h1>Gateway status</h1>
      <WordBadge word={health.status} />
    </div>
    <Attention overview={overview} health={health} />
    <Tiles overview={overview} />
    <Plots overview={overview} />
    <div class="columns">
      <section aria-labelledby="dead-letters">
        <h2 id="dead-letters">Dead letters by kind and class</h2>
        <DeadLetterCounts overview={overview} />
      </section>
      <section aria-labelledby="gates">
        <h2 id="gates">Gates</h2>
        <Gates gates={overview.gates} />
        <PauseForms repository={null} pauses={overview.pauses} />
      </section>
      <section aria-labelledby="states">
        <h2 id="states">Validations by state</h2>
        <StateCounts overview={overview} />
      </section>
      <section aria-labelledby="health">
        <h2 id="health">Health</h2>
        <Checks health={health} />
      </section>
    </div>
  </Page>
);

const DeadLetterCounts = ({ overview }: Pick<Props, "overview">) => (
  <Table
    caption="Open dead letters by kind and class"
    items={overview.dead_letters}
    keyOf={(row) => `${row.kind} ${row.class}`}
    empty="There are no open dead letters. Everything was recorded, dispatched, cancelled and reported."
    columns={[
      { head: "Kind", names: true, kind: "narrow", cell: ({ kind }) => <Text text={kind} /> },
      { head: "Class", kind: "narrow", cell: (row) => <Text text={row.class} /> },
      {
        head: "Dead letters",
        kind: "num",
        cell: (row) => <a href={paths.deadLetters({ kind: row.kind, class: row.class })}>{row.letters}</a>,
      },
      { head: "Oldest", kind: "num", cell: (row) => <Ago at={row.oldest_at} /> },
    ]}
  />
);

const isLive = (state: (typeof VALIDATION_STATES)[number]): boolean =>
  LIVE_STATES.some((live) => live === state);

const StateCounts = ({ overview }: Pick<Props, "overview">) => (
  <Table
    caption="Validations by state: live ones, and those that ended in the last 24 hours"
    items={VALIDATION_STATES.filter((state) => (overview.states[state] ?? 0) > 0)}
    keyOf={(state) => state}
    empty="No validations are live, and none ended in the last 24 hours."
    columns={[
      { head: "State", names: true, cell: (state) => <StateBadge of={{ state, conclusion: null }} /> },
      {
        head: "Validations",
        kind: "num",
        cell: (state) => <a href={paths.validations({ state })}>{overview.states[state]}</a>,
      },
      { head: "Period", kind: "num", cell: (state) => (isLive(state) ? "now" : "last 24 h") },
    ]}
  />
);
