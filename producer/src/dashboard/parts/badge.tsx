/** A state as a shape, a word and a color, so that nobody depends on one of them. */
import type { ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import { shorten, visible } from "./text.ts";

export type Tone = "ok" | "bad" | "warn" | "live" | "idle";

type Shape = "ring" | "half" | "disc" | "check" | "cross" | "bang" | "slash" | "clock" | "next";

const DRAWINGS: Readonly<Record<Shape, string>> = {
  ring: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3",
  half: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M8 4v8M10 4.6v6.8M12 6v4",
  disc: "M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6M8 7v2M7 8h2",
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  bang: "M8 3v6.5M8 12.4v.4",
  slash: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M4.5 11.5l7-7",
  clock: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M8 5.4V8l2 1.4",
  next: "M4 4l4 4l-4 4M9 4l4 4l-4 4",
};

export interface BadgeProps {
  readonly tone: Tone;
  readonly shape?: Shape;
  readonly word: string;
}

const SHAPE_OF: Readonly<Record<Tone, Shape>> = {
  ok: "check",
  bad: "cross",
  warn: "bang",
  live: "half",
  idle: "ring",
};

export const Badge = ({ tone, shape = SHAPE_OF[tone], word }: BadgeProps) => (
  <span class={`badge ${tone}`}>
    <svg aria-hidden="true" viewBox="0 0 16 16" width="14" height="14">
      <path d={DRAWINGS[shape]} />
    </svg>
    {visible(word)}
  </span>
);

type Outcome = Pick<ValidationItem, "state" | "conclusion">;

const STATES: Readonly<Record<ValidationItem["state"], BadgeProps>> = {
  held: { tone: "warn", shape: "clock", word: "held" },
  queued: { tone: "idle", shape: "ring", word: "queued" },
  dispatching: { tone: "live", shape: "next", word: "dispatching" },
  pending: { tone: "live", shape: "clock", word: "pending" },
  running: { tone: "live", shape: "half", word: "running" },
  completed: { tone: "idle", shape: "check", word: "completed" },
  failed: { tone: "warn", shape: "bang", word: "failed" },
  cancelled: { tone: "idle", shape: "slash", word: "cancelled" },
  superseded: { tone: "idle", shape: "next", word: "superseded" },
  timed_out: { tone: "warn", shape: "clock", word: "timed out" },
  dead: { tone: "bad", shape: "cross", word: "dead" },
  skipped: { tone: "idle", shape: "slash", word: "skipped" },
};

/** The badge of a validation's state and conclusion. */
export const stateBadge = ({ state, conclusion }: Outcome): BadgeProps => {
  if (conclusion === "success") return { tone: "ok", shape: "check", word: "success" };
  if (conclusion === "failure") return { tone: "bad", shape: "cross", word: "failure" };
  return STATES[state];
};

export const StateBadge = ({ of }: { readonly of: Outcome }) => <Badge {...stateBadge(of)} />;

const TONES: Readonly<Record<string, Tone>> = {
  // Dead letters.
  open: "bad",
  replaying: "live",
  replayed: "ok",
  discarded: "idle",
  // Reports.
  due: "live",
  posted: "ok",
  skipped: "idle",
  dead: "bad",
  // Steps of a run.
  passed: "ok",
  failed: "bad",
  timed_out: "warn",
  // Replays and searches.
  waiting: "idle",
  running: "live",
  done: "ok",
  cancelled: "idle",
  // Health.
  ok: "ok",
  healthy: "ok",
  degraded: "warn",
  unhealthy: "bad",
  unknown: "idle",
  // Deliveries.
  started: "ok",
  held: "warn",
  reused: "ok",
  asking: "live",
  stale: "idle",
  unknown_subject: "warn",
  // Actions.
  unchanged: "idle",
  refused: "warn",
  repeated: "idle",
};

/** The badge of any other state; an unknown one is shown as it is. */
export const WordBadge = ({ word }: { readonly word: string }) => (
  <Badge
    tone={Object.hasOwn(TONES, word) ? (TONES[word] ?? "idle") : "idle"}
    word={shorten(word, 24).replaceAll("_", " ")}
  />
);
