/** The current numbers. */
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import type { Child } from "hono/jsx";
import { Ago } from "../../parts/inline.tsx";
import { paths } from "../../parts/link.ts";

interface Tile {
  readonly name: string;
  readonly value: Child;
  readonly href: string;
  readonly note: Child;
  readonly bad?: boolean;
}

export const Tiles = ({ overview }: { readonly overview: Overview }) => (
  <dl class="tiles">
    {tilesOf(overview).map(({ name, value, href, note, bad = false }) => (
      <div>
        <dt>{name}</dt>
        <dd class={bad ? "value bad" : "value"}>
          <a href={href}>{value}</a>
        </dd>
        <dd class="note">{note}</dd>
      </div>
    ))}
  </dl>
);

function tilesOf(overview: Overview): readonly Tile[] {
  const { waiting, reports, cancels, deliveries } = overview;
  const { queued = 0, dispatching = 0, pending = 0, running = 0 } = overview.states;
  const dead = overview.dead_letters.reduce((sum, { letters }) => sum + letters, 0);
  return [
    {
      name: "In flight",
      value: dispatching + pending + running,
      href: paths.validations({ state: "dispatching,pending,running" }),
      note: `${running} running, ${pending} pending, ${dispatching} dispatching`,
    },
    {
      name: "Waiting",
      value: queued,
      href: paths.validations({ state: "queued" }),
      note: waitingNote(waiting),
    },
    {
      name: "Dead letters",
      value: dead,
      bad: dead > 0,
      href: paths.deadLetters(),
      note:
        overview.replays_running === 0 ? (
          "no replay is running"
        ) : (
          <RunningReplays count={overview.replays_running} />
        ),
    },
    {
      name: "Calls due",
      value: reports.due + cancels.due,
      href: paths.validations(),
      note: `${counted(reports.due, "report")} to GitHub, ${counted(cancels.due, "cancel")} to Grainchain`,
    },
    {
      name: "Last delivery",
      value: <Ago at={deliveries.last_at} />,
      href: paths.deliveries(),
      note:
        deliveries.last_at === null
          ? "none yet: is the webhook set up on GitHub?"
          : `${deliveries.last_hour} in the last hour, ${deliveries.recovered_last_day} recovered in the last 24 h`,
    },
  ];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const RunningReplays = ({ count }: { readonly count: number }) => (
  <a href={paths.replays()}>{count === 1 ? "1 replay is running" : `${count} replays are running`}</a>
);

function waitingNote(waiting: Overview["waiting"]): Child {
  if (waiting.oldest_at === null) return "nothing is waiting for a sandbox";
  return (
    <>
      oldest <Ago at={waiting.oldest_at} />
      {waiting.replay > 0 && `, ${waiting.replay} replayed`}
      {waiting.backing_off > 0 && (
        <>
          , {waiting.backing_off} backing off (next <Ago at={waiting.next_due_at} />)
        </>
      )}
    </>
  );
}
