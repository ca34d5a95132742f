/** Counts what one delivery makes the platform do, over some hundred of them through the consumer as it is. */
import type { D1Database } from "@cloudflare/workers-types";
import { type Bucket, createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import type { Place } from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { archiveEarly } from "../../../consumer/src/maintain/archive-early.ts";
import { batchOf, createWorld, type Sent, type World } from "../consumer.ts";
import { deleteRound, sizeOf } from "../database.ts";
import { callbackAbout, openedPull, RESULTS_BYTES, resultsOf } from "../facts.ts";
import { createMeter, total, writtenByTable } from "../meter.ts";
import { type Kept, type Measured, WHOLE_BYTES } from "./cost.ts";

/** As the events queue brings them if many come. */
const BATCH = 100;
const REPOSITORIES = 100;

/** Brings facts to the consumer, and then every wake-up that follows. */
async function deliver({ sent, wakeUps, consumer }: World, facts: readonly unknown[]): Promise<void> {
  for (let from = 0; from < facts.length; from += BATCH) {
    const batch = facts.slice(from, from + BATCH);
    sent.messages += batch.length;
    sent.invocations++;
    await consumer().events(batchOf(batch));
    while (wakeUps.length > 0) {
      sent.invocations++;
      await consumer().work(batchOf(wakeUps.splice(0)));
    }
  }
}

const somePulls = (deliveries: number) =>
  Array.from({ length: deliveries }, (_, i) => openedPull(i % REPOSITORIES));

type Life = (world: World, deliveries: number) => Promise<void>;

/** Deliveries that start a validation each, which runs and succeeds. @param bytes of the results of each */
const validateWith =
  (bytes: (i: number) => number): Life =>
  async (world, deliveries) => {
    const opened = somePulls(deliveries);
    await deliver(world, opened);
    const ids = opened.flatMap(({ repository, change }) =>
      repository === null || change.type !== "pull_request"
        ? []
        : [`${repository.id}-pr-${change.number}-${change.head_sha}-1`],
    );
    for (const status of ["running", "completed"] as const) {
      const callbacks = ids.map((id, i) => callbackAbout(id, status, resultsOf(bytes(i))));
      await deliver(world, callbacks);
    }
  };

/** From half to one and a half of the size: SQLite has a row of one size fill its pages better than of another. */
const validate = validateWith((i) => RESULTS_BYTES * (0.5 + (i % 101) / 100));

/** Pushes to branches that are not validated. */
const note: Life = (world, deliveries) => {
  const push = { event: "push", action: null, change: { type: "note" } };
  const pushes = somePulls(deliveries).map((pull) => ({ ...pull, ...push }));
  return deliver(world, pushes);
};

/** @param requests to the producer: the delivery, and the callbacks about its validation */
async function count(bare: D1Database, life: Life, deliveries: number, requests: number) {
  const meter = createMeter(bare);
  const world = createWorld(meter.db);
  // GitHub is asked once which installation a repository belongs to, and once an hour for a token.
  await life(world, REPOSITORIES);
  meter.take();
  // The producer writes a data point for each of its requests.
  const before = { ...world.sent, dataPoints: world.sent.dataPoints - requests * deliveries };
  const sizeBefore = await sizeOf(bare);
  const cpuBefore = process.cpuUsage();
  await life(world, deliveries);
  const cpu = process.cpuUsage(cpuBefore);
  const { costs, roundTrips } = meter.take();
  const storedBytes = (await sizeOf(bare)) - sizeBefore;
  const writes = Object.entries(writtenByTable(costs)).map(([table, rows]) => [table, rows / deliveries]);
  const operations = {
    requests,
    ...each(world.sent, before, deliveries),
    rowsRead: total(costs, "rowsRead") / deliveries,
    rowsWritten: total(costs, "rowsWritten") / deliveries,
    rowsDeleted: (await deleteAll(bare)) / (deliveries + REPOSITORIES),
    roundTrips: roundTrips / deliveries,
    d1Ms: total(costs, "ms") / deliveries,
    storedBytes: storedBytes / deliveries,
    cpuMs: (cpu.user + cpu.system) / 1000 / deliveries,
  };
  return { operations, writes: Object.fromEntries(writes) as Readonly<Record<string, number>> };
}

function each(sent: Sent, before: Sent, deliveries: number): Sent {
  const names = Object.keys(sent) as (keyof Sent)[];
  const rates = names.map((name) => [name, (sent[name] - before[name]) / deliveries]);
  return Object.fromEntries(rates);
}

/** As retention does once everything is old. @returns the rows that it writes */
async function deleteAll(bare: D1Database): Promise<number> {
  const meter = createMeter(bare);
  const later = new Date(Date.now() + 24 * 3_600_000).toISOString();
  const horizons = {
    ...{ deliveriesBefore: later, validationsBefore: later },
    // Recorded actions stay.
    ...{ actionsBefore: "", strayResultsBefore: later },
  };
  while ((await deleteRound(meter.db, horizons)) > 0);
  return total(meter.take().costs, "rowsWritten");
}

/**
 * What validations with results of 8 kB take of D1 and of the archive. A database of this size would keep them as they
 * are, so they are archived early as they would be in a larger one.
 */
async function keep(bare: D1Database, deliveries: number): Promise<Kept> {
  const before = await sizeOf(bare);
  await validateWith(() => WHOLE_BYTES)(createWorld(bare), deliveries);
  const whole = (await sizeOf(bare)) - before;
  let archived = 0;
  const bucket: Bucket = {
    put: async (_, { byteLength }) => {
      archived += byteLength;
    },
    get: async () => null,
    delete: async () => {},
  };
  const now = () => new Date();
  const archive = createArchive(bucket, { now });
  if (archive === undefined) throw new Error("there is no archive");
  const meter = createMeter(bare);
  const deps = { db: meter.db, archive, now, log: createLog({ debug: false, write: () => {} }) };
  const later = new Date(Date.now() + 60_000).toISOString();
  let reached: Place = { finished_at: "", seq: "0" };
  for (let more = true; more; ) ({ reached, more } = await archiveEarly(deps, reached, later));
  return {
    wholeBytes: whole / deliveries,
    digestBytes: ((await sizeOf(bare)) - before) / deliveries,
    // The output that was made up here takes next to nothing of it.
    archivedBytes: archived / deliveries,
    rowsWritten: total(meter.take().costs, "rowsWritten") / deliveries,
  };
}

/** Rows written by one delivery, by table. */
export type Writes = Readonly<Record<"validated" | "noted", Readonly<Record<string, number>>>>;

export async function measureDelivery(
  db: D1Database,
  deliveries: number,
): Promise<{ readonly measured: Measured; readonly writes: Writes }> {
  const validated = await count(db, validate, deliveries, 3);
  const noted = await count(db, note, deliveries, 1);
  const kept = await keep(db, deliveries);
  return {
    measured: { validated: validated.operations, noted: noted.operations, kept },
    writes: { validated: validated.writes, noted: noted.writes },
  };
}
