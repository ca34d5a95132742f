/** What an operator should look at first, most urgent first. */
import type { GateItem, Overview } from "@webhook-gateway/shared/api/overview.ts";
import { spanMs } from "@webhook-gateway/shared/text/duration.ts";
import type { Child } from "hono/jsx";
import type { Health } from "../../../health/health.ts";
import { Badge } from "../../parts/badge.tsx";
import { Ago, Prose, Text } from "../../parts/inline.tsx";
import { paths } from "../../parts/link.ts";
import { useNow } from "../../parts/view.ts";
import { PauseText } from "../repositories/pause.tsx";
import { gatedWork, gateReason } from "./gate-reason.ts";

interface Concern {
  readonly tone: "bad" | "warn";
  readonly word: string;
  readonly text: Child;
}

/** Work that has been due for longer than this is late. */
const LATE_MS = 10 * 60_000;

interface Props {
  readonly overview: Overview;
  readonly health: Health;
}

export function Attention(props: Props) {
  const concerns = [
    ...checks(props),
    ...pauses(props),
    ...gates(props),
    ...letters(props),
    ...late(props),
    ...shortened(props),
  ];
  const sorted = concerns.toSorted((a, b) => Number(a.tone === "warn") - Number(b.tone === "warn"));
  return (
    <section class="attention" aria-labelledby="attention">
      <h2 id="attention" class="hidden">
        Needs attention
      </h2>
      {sorted.length === 0 ? (
        <p class="calm">
          <Badge tone="ok" word="all clear" /> Nothing needs attention: all gates are open, and there are no
          dead letters or late work.
        </p>
      ) : (
        <ul>
          {sorted.map(({ tone, word, text }) => (
            <li class={tone}>
              <Badge tone={tone} word={word} /> <span>{text}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const NAMES: Readonly<Record<keyof Health["checks"], string>> = {
  api: "API",
  database: "D1",
  queue: "Queue",
  grainchain: "Grainchain",
  consumer: "Consumer",
};

/** A closed gate already reports the state of Grainchain. */
function checks({ overview, health }: Props): Concern[] {
  const gateClosed = overview.gates.some(({ name, state }) => name === "grainchain" && state === "closed");
  return Object.entries(health.checks)
    .filter(
      ([name, { status }]) =>
        status !== "ok" && status !== "unknown" && !(name === "grainchain" && gateClosed),
    )
    .map(([name, { status, detail }]) => ({
      tone: status === "failed" ? "bad" : "warn",
      word: status === "failed" ? "failing" : "degraded",
      text: (
        <>
          {NAMES[name as keyof Health["checks"]]}: <Prose text={detail ?? status} maxLength={300} />
        </>
      ),
    }));
}

const gates = ({ overview }: Props): Concern[] =>
  overview.gates
    .filter(({ state }) => state === "closed")
    .map((gate) => ({
      tone: gate.reason === "backpressure" ? "warn" : "bad",
      word: "gate closed",
      text: (
        <>
          <Text text={gatedWork(gate)} /> is on hold: <Text text={gateReason(gate)} />.{" "}
          <NextTry gate={gate} />
        </>
      ),
    }));

const pauses = ({ overview }: Props): Concern[] =>
  overview.pauses.map((pause) => ({
    tone: "warn",
    word: "paused",
    text: <PauseText pause={pause} />,
  }));

/** When a closed gate tries again. */
export function NextTry({ gate }: { readonly gate: GateItem }) {
  if (gate.until === null) return null;
  if (Date.parse(gate.until) <= useNow().getTime()) return <>The next attempt is due now.</>;
  return (
    <>
      Next attempt <Ago at={gate.until} />.
    </>
  );
}

function letters({ overview }: Props): Concern[] {
  const total = overview.dead_letters.reduce((sum, { letters: count }) => sum + count, 0);
  if (total === 0) return [];
  const oldest = overview.dead_letters.map(({ oldest_at }) => oldest_at).toSorted()[0] ?? null;
  const text = (
    <>
      <a href={paths.deadLetters()}>
        {total} dead {total === 1 ? "letter" : "letters"}
      </a>{" "}
      to replay or discard. The oldest died <Ago at={oldest} />.
    </>
  );
  return [{ tone: "bad", word: "dead", text }];
}

function shortened({ overview }: Props): Concern[] {
  const { shortened: kept } = overview.database;
  if (kept === null) return [];
  const text = (
    <>
      The database is filling up: it has kept validations for {kept.validations_days} days and deliveries for{" "}
      {kept.deliveries_days}, less than configured, since <Ago at={kept.since} />.
    </>
  );
  return [{ tone: "warn", word: "shortened", text }];
}

function late({ overview }: Props): Concern[] {
  const { waiting, reports } = overview;
  const now = useNow().toISOString();
  const due = [
    {
      at: waiting.oldest_at,
      what: (
        <>
          <a href={paths.validations({ state: "queued" })}>The oldest waiting validation</a> was queued
        </>
      ),
    },
    { at: reports.oldest_due_at, what: "Reports to GitHub are overdue: the oldest was due" },
  ];
  return due
    .filter(({ at }) => (spanMs(at, now) ?? 0) > LATE_MS)
    .map(({ at, what }) => ({
      tone: "warn",
      word: "late",
      text: (
        <>
          {what} <Ago at={at} />.
        </>
      ),
    }));
}
