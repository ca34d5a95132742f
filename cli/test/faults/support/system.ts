/** The gateway between a signing GitHub and a Grainchain that goes wrong on demand. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { type Gateway, startGateway } from "../../e2e/support/gateway.ts";
import { hurry, PAST } from "../../e2e/support/hurry.ts";
import { succeeds } from "./courses.ts";
import { serves } from "./faults.ts";
import { type DoubleOptions, type GrainchainDouble, startDouble } from "./grainchain.ts";
import { expectInvariants, expectOneRunEach } from "./invariants.ts";

const POLL_MS = 100;
/** Far beyond what anything takes: only a hang is this slow. */
const WAIT_MS = 150_000;

export interface SystemOptions {
  /** Variables of both Workers. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly grainchain?: DoubleOptions;
  /** Where the ends are registered (default: they end with the test). */
  readonly whenDone?: (end: () => Promise<void>) => void;
}

export type System = Awaited<ReturnType<typeof startSystem>>;

export { PAST };

/** Starts both. */
export async function startSystem({ vars = {}, grainchain: options = {}, whenDone }: SystemOptions = {}) {
  const grainchain = await startDouble({ ...options, ...(whenDone === undefined ? {} : { whenDone }) });
  const gateway = await startGateway(grainchain.url, { ...QUIET, ...vars }, whenDone);
  return { gateway, grainchain, ...createPilot(gateway, grainchain), open: createOpener(gateway) };
}

/**
 * One system for all tests of a file: what one leaves behind would show in the next. Each begins in calm weather,
 * with nothing under way.
 * @returns the system, once the tests run
 */
export function shareSystem(options: Omit<SystemOptions, "whenDone"> = {}): () => System {
  const ends: (() => Promise<void>)[] = [];
  let system: System | undefined;
  const get = (): System => {
    if (system === undefined) throw new Error("the system is not started yet");
    return system;
  };
  beforeAll(async () => {
    system = await startSystem({ ...options, whenDone: (end) => void ends.unshift(end) });
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });
  beforeEach(async () => {
    const { grainchain, gateway, settle } = get();
    Object.assign(grainchain.script, { weather: serves, other: serves, next: [], course: succeeds });
    await grainchain.comeBack();
    await settle();
    await gateway.rows("DELETE FROM settings WHERE name = 'grainchain:no-batch-until'");
  });
  return get;
}

/** Nothing here is about a slow machine: only what a test makes hang does. */
const QUIET = { GRAINCHAIN_REQUEST_TIMEOUT_MS: "20000" };

let repositories = 0;

/** @returns the name of a repository that no other test uses */
export const freshRepository = (): string => `acme/widgets-${++repositories}`;

/**
 * Opens pull requests, all at once, and waits until they are recorded.
 * @returns the GUIDs of their deliveries, in the order of their numbers
 */
const createOpener =
  (gateway: Gateway) =>
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

/** What moves a system on and judges it. */
export function createPilot(gateway: Pick<Gateway, "rows" | "cron">, grainchain: GrainchainDouble) {
  const { rows, cron } = gateway;

  /** Waits for a row, moving nothing. */
  async function until(sql: string, ...bound: (string | number)[]): Promise<void> {
    await eventually(sql, async () => (await rows(sql, ...bound)).length > 0);
  }

  return {
    until,
    hurry: () => hurry(gateway),
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
      eventually(sql, async () => {
        await hurry(gateway);
        return (await rows(sql, ...bound)).length > 0;
      }),
    /** Waits until nothing is under way, hurrying what waits for its time. */
    settle: () =>
      eventually("nothing under way", async () => {
        await hurry(gateway);
        return (await rows(`SELECT 1 FROM (${UNDER_WAY}) LIMIT 1`)).length === 0;
      }),
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
const UNDER_WAY = `
  SELECT id FROM validations WHERE finished_at IS NULL
  UNION ALL SELECT validation_id FROM cancels WHERE status = 'due'
  UNION ALL SELECT validation_id FROM reports WHERE status = 'due'`;

/** Waits until something holds, however long the machine takes. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await delay(POLL_MS);
  }
}
