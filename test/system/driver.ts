/** What moves a system on, and judges it. */
import { expect } from "vitest";
import type { Sent } from "../../cli/src/api/delivery.ts";
import type { GrainchainDouble } from "../grainchain/server.ts";
import { eventually, type Pulse } from "./activity.ts";
import type { Rows } from "./database.ts";
import { expectInvariants, expectOneRunEach } from "./invariants.ts";

/** What a pilot needs of a gateway. */
export interface Piloted {
  readonly rows: Rows;
  cron(): Promise<void>;
  /** Beats when something happens. */
  readonly pulse?: Pulse;
}

/** A time at which everything was due. */
export const PAST = "2000-01-01T00:00:00.000Z";

let repositories = 0;

/** @returns the name of a repository that no other test of this file uses */
export const freshRepository = (): string => `acme/widgets-${++repositories}`;

interface Sends {
  send(name: string, options: { repo: string; pr: number; now: Date }): Promise<Sent>;
  waitFor(sql: string, ...bound: (string | number)[]): Promise<unknown>;
}

/**
 * Opens pull requests, all at once, and waits until they are recorded.
 * @returns the GUIDs of their deliveries, in the order of their numbers
 */
export const createOpener =
  (gateway: Sends) =>
  async (repo: string, count: number, first = 1): Promise<string[]> => {
    const numbers = Array.from({ length: count }, (_, index) => first + index);
    const sent = await Promise.all(
      numbers.map((pr) => gateway.send("pull_request.opened", { repo, pr, now: new Date() })),
    );
    expect(sent.map(({ status }) => status)).toEqual(numbers.map(() => 202));
    const guids = sent.map(({ guid }) => guid);
    await gateway.waitFor(RECORDED, JSON.stringify(guids), count);
    return guids;
  };

/** Looks between two crons that are fired whether or not something waits for its time. */
const LOOKS_A_CRON = 3;

export function createPilot(gateway: Piloted, grainchain: GrainchainDouble) {
  const { rows, cron, pulse } = gateway;
  const has = async (sql: string, ...bound: (string | number)[]) => (await rows(sql, ...bound)).length > 0;

  /** Waits for a row, moving nothing. */
  const until = (sql: string, ...bound: (string | number)[]): Promise<void> =>
    eventually(`${sql} ${bound.join(" ")}`, () => has(sql, ...bound), pulse);

  /** @returns whether something waited for its time */
  async function endWaits(): Promise<boolean> {
    const opened = await has(END_CLOSED_GATE);
    return (await has(END_BACKOFFS)) || opened;
  }

  /**
   * Makes what waits for its time due now: delays of 5 s to 5 min are the subject of other tests. Not while a
   * dispatch is under way, since the gate's time is then what keeps a second probe from following the first.
   */
  async function hurry(): Promise<void> {
    await endWaits();
    await cron();
  }

  /** Waits until something holds, hurrying what waits for its time. */
  function hurryUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
    let looks = 0;
    return eventually(
      what,
      async () => {
        if (await holds()) return true;
        // A wake-up that was lost costs a minute: here it costs some looks.
        if ((await endWaits()) || ++looks % LOOKS_A_CRON === 0) await cron();
        return false;
      },
      pulse,
    );
  }

  return {
    until,
    hurry,
    /** Closes the gate until it is opened, so that what is recorded meanwhile is dispatched together. */
    async closeGate(): Promise<void> {
      const closed = { state: "closed", reason: "backpressure", detail: "held by the test", step: 1 };
      const value = JSON.stringify({ ...closed, since: PAST, until: "2999-01-01T00:00:00.000Z" });
      await rows(
        `INSERT INTO settings (name, value, updated_at) VALUES ('gate:grainchain', ?1, '${PAST}')
         ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        value,
      );
    },
    async openGate(): Promise<void> {
      await rows(`UPDATE settings SET value = '{"state":"open"}' WHERE name = 'gate:grainchain'`);
      await cron();
    },
    /** Waits for a row, hurrying what waits for its time. */
    hurryUntil: (sql: string, ...bound: (string | number)[]) =>
      hurryUntil(`${sql} ${bound.join(" ")}`, () => has(sql, ...bound)),
    /** Waits until nothing is under way, hurrying what waits for its time. */
    settle: () => hurryUntil("nothing under way", async () => !(await has(UNDER_WAY))),
    /** What must hold after every test. */
    async expectSound(): Promise<void> {
      await grainchain.sandboxes.ended();
      await expectInvariants({ rows });
      await expectOneRunEach({ rows }, grainchain);
    },
    /** Every validation of a repository, by pull request. */
    validationsOf: (repo: string) =>
      rows("SELECT * FROM validations WHERE repository = ?1 ORDER BY pr_number, created_at", repo),
  };
}

const RECORDED = `
  SELECT 1 FROM (SELECT count(*) AS n FROM deliveries WHERE id IN (SELECT value FROM json_each(?1))) WHERE n = ?2`;
const END_CLOSED_GATE = `
  UPDATE settings SET value = json_set(value, '$.until', '${PAST}') WHERE name = 'gate:grainchain'
  AND value->>'state' = 'closed' AND NOT EXISTS (SELECT 1 FROM validations WHERE state = 'dispatching')
  RETURNING name`;
const END_BACKOFFS = `
  UPDATE validations SET due_at = '${PAST}' WHERE state = 'queued' AND due_at IS NOT NULL RETURNING id`;
const UNDER_WAY = `
  SELECT 1 FROM (
    SELECT id FROM validations WHERE finished_at IS NULL
    UNION ALL SELECT validation_id FROM cancels WHERE status = 'due'
    UNION ALL SELECT validation_id FROM reports WHERE status = 'due') LIMIT 1`;
