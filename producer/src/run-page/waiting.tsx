/** What a run waits for, since when, and when it will probably start. */
import { aheadText } from "@webhook-gateway/shared/domain/trace/trace.ts";
import { expectedStart, type RunView } from "@webhook-gateway/shared/store/read/run-view.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { GRAINCHAIN_GATE, WAITS } from "@webhook-gateway/shared/wording/waiting.ts";
import { type Field, Fields } from "../dashboard/parts/fields.tsx";
import { At } from "../dashboard/parts/inline.tsx";
import { useNow } from "../dashboard/parts/view.ts";

export function Waiting({ run }: { readonly run: RunView }) {
  const fields = fieldsOf(run, useNow());
  if (fields === undefined) return null;
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">Waiting</h2>
      <Fields of={fields} />
    </section>
  );
}

function fieldsOf(run: RunView, now: Date): Field[] | undefined {
  const { state, dispatched_at, started_at, created_at } = run;
  if (state === "queued") return queued(run, now);
  const since: Field = ["Since", <At at={started_at ?? dispatched_at ?? created_at} />];
  if (state === "held") return [["Waiting for", <b>{WAITS.approval}</b>], since];
  if (state === "dispatching") return [["Now", <b>{WAITS.dispatch}</b>], since];
  return state === "pending" || state === "running"
    ? [["Waiting for", <b>{WAITS.result}</b>], since]
    : undefined;
}

function queued(run: RunView, now: Date): Field[] {
  const retry = run.due_at !== null && Date.parse(run.due_at) > now.getTime() ? run.due_at : undefined;
  const startMs = expectedStart(run, now.getTime());
  const heldSince = run.pause?.paused_at ?? run.gate?.since ?? null;
  const since = heldSince !== null && heldSince > run.created_at ? heldSince : run.created_at;
  if (run.pause !== null) {
    const { until } = run.pause;
    return [
      ["Now", <b>{WAITS.pause}</b>],
      ["Since", <At at={since} />],
      ["Until", until && <At at={until} />],
    ];
  }
  const turn = run.set_aside ? WAITS.share : WAITS.turn;
  return [
    ["Waiting for", <b>{retry === undefined ? turn : WAITS.retry}</b>],
    ["Reason", run.gate && `${GRAINCHAIN_GATE[run.gate.reason]}. Dispatch will resume automatically.`],
    ["Since", <At at={since} />],
    ["Ahead of it", retry === undefined && aheadText(run.ahead ?? 0)],
    ["Next attempt", retry && <At at={retry} />],
    ["Expected start", startMs !== undefined && retry === undefined && startText(startMs - now.getTime())],
  ];
}

/** In whole minutes: it is an estimate. */
function startText(inMs: number): string {
  const minutes = Math.ceil(inMs / 60_000);
  if (minutes <= 1) return "within a minute, at the rate of the last hour";
  return `in about ${durationText(minutes * 60_000)}, at the rate of the last hour`;
}
