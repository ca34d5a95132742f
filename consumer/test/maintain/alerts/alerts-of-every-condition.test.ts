/** Every condition on its way from D1 to the receiver and back. */
import { beforeEach, expect, test } from "vitest";
import { dispatchDue } from "../../../src/dispatch/dispatch.ts";
import {
  ALERT_SECRET,
  closeDeadLetters,
  closeGate,
  openDeadLetter,
  openDeadLetters,
  startAlerts,
  verifies,
} from "../../support/alerts.ts";
import { empty, rows } from "../../support/database.ts";
import { callback, freshRepository, note, pullRequest, second, sha } from "../../support/facts.ts";
import { type Clock, createDouble, effectDeps, json, take } from "../../support/grainchain.ts";
import { record } from "../../support/recording.ts";

beforeEach(empty);

interface Case {
  readonly make: (clock: Clock) => Promise<unknown>;
  readonly unmake: (clock: Clock) => Promise<unknown>;
  /** A part of what is told while it holds. */
  readonly says: string;
  /** Others that begin and end with it. */
  readonly beside?: readonly string[];
}

const pass = (clock: Clock, seconds: number): void => {
  clock.nowMs += seconds * 1000;
};
const anHourPasses = async (clock: Clock): Promise<void> => pass(clock, 3660);

/** Pull requests opened at the clock's time. */
async function open(clock: Clock, total = 1) {
  const repository = freshRepository();
  const numbers = Array.from({ length: total }, (_, index) => index + 1);
  const now = () => new Date(clock.nowMs);
  const opened = numbers.map((number) => pullRequest(repository, number)("opened", "a", 1));
  await record(opened, { now });
  const runs = numbers.map((number) => `${repository.id}-pr-${number}-${sha("a")}-1`);
  return { repository, runs, now };
}

const dispatch = (clock: Clock, double: ReturnType<typeof createDouble>) =>
  dispatchDue(effectDeps(double, { clock }));

/** As many validations that ended, so many of them broken. */
async function end(clock: Clock, total: number, broken: number): Promise<void> {
  const { repository, runs, now } = await open(clock, total);
  const ends = runs.map((id, index) => callback(repository, id, index < broken ? "failed" : "completed"));
  await record(ends, { now });
}

/** Deliveries that never came and were fetched. */
const recover = (clock: Clock, total: number) =>
  record(
    Array.from({ length: total }, () => ({
      ...note("ping"),
      recovery: { delivered_at: second(0), throttled_at: null },
    })),
    { now: () => new Date(clock.nowMs) },
  );

const CASES: Readonly<Record<string, Case>> = {
  "dead letters": {
    make: () => openDeadLetter(),
    unmake: closeDeadLetters,
    says: "1 dead letter of the last hour",
  },
  "many dead letters": {
    make: () => openDeadLetters(100, second(3600)),
    unmake: anHourPasses,
    says: "100 dead letters of the last hour are open: gateway",
    beside: ["dead letters"],
  },
  "gate Grainchain": {
    make: async (clock) => {
      await open(clock);
      await dispatch(
        clock,
        createDouble(() => json({ detail: "no such key" }, 401)),
      );
      pass(clock, 300);
    },
    unmake: (clock) =>
      dispatch(
        clock,
        createDouble((call) => take(call)),
      ),
    says: "configuration, HTTP 401",
  },
  "gate GitHub": {
    make: () => closeGate("github"),
    unmake: () => rows(`UPDATE settings SET value = '{"state":"open"}' WHERE name = 'gate:github'`),
    says: "GitHub has not been called since",
  },
  waiting: {
    make: async (clock) => {
      await open(clock);
      pass(clock, 901);
    },
    unmake: (clock) =>
      dispatch(
        clock,
        createDouble((call) => take(call)),
      ),
    says: `a validation has been waiting since ${second(3600)}`,
  },
  "lost deliveries": {
    make: (clock) => recover(clock, 5),
    unmake: anHourPasses,
    says: "5 deliveries of the last hour never arrived",
  },
  broken: {
    make: (clock) => end(clock, 20, 6),
    unmake: anHourPasses,
    says: "6 of 20 validations of the last hour broke",
  },
};

test.each(Object.entries(CASES))(
  "%s: sent once when it starts and once when it ends, signed",
  async (condition, { make, unmake, says, beside = [] }) => {
    const { told, clock, raise } = startAlerts();
    await raise();
    expect(told).toEqual([]);
    await make(clock);
    await raise();
    await raise();
    await unmake(clock);
    await raise();
    await raise();
    const words = [...beside, condition].flatMap((name) => [`${name} firing`, `${name} resolved`]);
    expect(told.map(({ body }) => `${body.condition} ${body.state}`).toSorted()).toEqual(words.toSorted());
    const own = told.filter(({ body }) => body.condition === condition);
    const [fired, resolved] = own.map(({ body }) => body.text ?? "");
    expect(fired).toContain(`[webhook-gateway production] ALERT: `);
    expect(fired).toContain(says);
    expect(resolved).toContain(`[webhook-gateway production] resolved: `);
    expect(resolved).not.toContain(says);
    for (const { raw, headers } of own) {
      const signature = headers.get("x-webhook-gateway-signature-256") ?? "";
      expect(await verifies(ALERT_SECRET, raw, signature)).toBe(true);
    }
  },
);
