/** What moves a system on, and decides it. */
import { expect } from "vitest";
import type { Sent } from "../../cli/src/api/delivery.ts";
import type { GrainchainDouble } from "../grainchain/server.ts";
import { type Activity, eventually } from "./activity.ts";
import type { Rows } from "./database.ts";
import { expectInvariants, expectOneRunEach } from "./invariants.ts";

/** What the driver needs from a gateway. */
export interface DrivenGateway {
  readonly rows: Rows;
  cron(): Promise<void>;
  /** Gets a signal when something happens. */
  readonly activity?: Activity;
}

/** A time at which everything is due. */
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

/** Checks between two crons, which are fired even if nothing waits for its time. */
const CHECKS_PER_CRON = 3;

/**
 * Makes everything due now that waits for its time: delays of 5 s to 5 min are the subject of other tests. The gate is
 * left alone during a dispatch, since its time then keeps a second probe from following the first.
 * @returns whether there was anything
 */
async function makeDue(rows: Rows): Promise<boolean> {
  const changed = [await rows(END_CLOSED_GATE), await rows(END_BACKOFFS)];
  return changed.some(({ length }) => length > 0);
}

/** Makes everything due now that waits for its time, and fires the cron. */
export async function advance({ rows, cron }: DrivenGateway): Promise<void> {
  await makeDue(rows);
  await cron();
}

export function createDriver(gateway: DrivenGateway, grainchain: GrainchainDouble) {
  const { rows, cron, activity } = gateway;
  const has = async (sql: string, ...bound: (string | number)[]) => (await rows(sql, ...bound)).length > 0;

  /** Waits for a row, without making anything due. */
  const until = (sql: string, ...bound: (string | number)[]): Promise<void> =>
    eventually(`${sql} ${bound.join(" ")}`, () => has(sql, ...bound), activity);

  /** Waits until something holds, making due what waits for its time. */
  function advanceUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
    let checks = 0;
    return eventually(
      what,
      async () => {
        if (await holds()) return true;
        // A lost wake-up costs a minute: here it costs some checks.
        if ((await makeDue(rows)) || ++checks % CHECKS_PER_CRON === 0) await cron();
        return false;
      },
      activity,
    );
  }

  return {
    until,
    advance: () => advance(gateway),
    /** Closes the gate until it is opened, so that everything recorded meanwhile is dispatched together. */
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
    /** Waits for a row, making due what waits for its time. */
    advanceUntil: (sql: string, ...bound: (string | number)[]) =>
      advanceUntil(`${sql} ${bound.join(" ")}`, () => has(sql, ...bound)),
    /** Waits until nothing is in progress, making due what waits for its time. */
    settle: () => advanceUntil("nothing in progress", async () => !(await has(IN_PROGRESS))),
    /** What must hold after every test. */
    async expectConsistent(): Promise<void> {
      await grainchain.sandboxes.ended();
      await expectInvariants({ rows });
      await expectOneRunEach({ rows }, grainchain);
    },
    /** All validations of a repository, by pull request. */
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
const IN_PROGRESS = `
  SELECT 1 FROM (
    SELECT id FROM validations WHERE finished_at IS NULL
    UNION ALL SELECT validation_id FROM cancels WHERE status = 'due'
    UNION ALL SELECT validation_id FROM reports WHERE status = 'due') LIMIT 1`;
