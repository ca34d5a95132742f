/** What one delivery makes the platform do, counted over some hundred of them through the consumer as it is. */
import { randomUUID } from "node:crypto";
import type { D1Database } from "@cloudflare/workers-types";
import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import type { WakeUp } from "@webhook-gateway/shared/messages/wake-up.ts";
import { deleteChunk } from "@webhook-gateway/shared/store/maintain/retention.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { exceptEffects } from "../../../consumer/src/effects/effect-log.ts";
import { createConsumer } from "../../../consumer/src/handlers.ts";
import { callbackAbout, openedPull } from "../growth/facts.ts";
import { createMeter, type Meter } from "../growth/meter.ts";
import {
  answering,
  GITHUB_URL,
  GRAINCHAIN_URL,
  NOTHING_SENT,
  newPrivateKey,
  type Sent,
  unlimitedBudgets,
} from "../growth/peers.ts";
import type { Measured, Operations } from "./cost.ts";

/** Of a batch of the events queue. */
const BATCH = 100;
const REPOSITORIES = 100;

interface Counted {
  readonly sent: Sent;
  readonly wakeUps: WakeUp[];
  invocations: number;
  messages: number;
  dataPoints: number;
}

/** The consumer with everything around it counted. */
function createCounted(meter: Meter) {
  const counted: Counted = {
    sent: { ...NOTHING_SENT },
    wakeUps: [],
    invocations: 0,
    messages: 0,
    dataPoints: 0,
  };
  const consumer = createConsumer({
    config: readConsumerConfig({
      ENVIRONMENT: "production",
      GRAINCHAIN_CALLBACK_SECRET: "callback secret",
      CLOUDFLARE_WORKER_URL: "https://gateway.test",
      GRAINCHAIN_API_URL: GRAINCHAIN_URL,
      GITHUB_API_URL: GITHUB_URL,
      GITHUB_APP_ID: "1",
      GITHUB_APP_PRIVATE_KEY: newPrivateKey(),
      RECONCILE_HOOKS: "",
    }),
    db: meter.db,
    work: {
      send: async (body: WakeUp) => {
        counted.messages++;
        counted.wakeUps.push(body);
      },
    } as unknown as Pick<Queue<WakeUp>, "send">,
    log: createLog({
      debug: false,
      write: () => {},
      observe: exceptEffects(() => void counted.dataPoints++),
    }),
    fetch: answering(counted.sent),
    now: () => new Date(),
    random: Math.random,
    newId: () => randomUUID(),
    budgets: unlimitedBudgets(counted.sent),
  });
  return { counted, consumer };
}

const batchOf = (bodies: readonly unknown[]): MessageBatch<unknown> =>
  ({
    queue: "measured",
    messages: bodies.map((body) => ({
      id: randomUUID(),
      body,
      attempts: 1,
      timestamp: new Date(),
      ack: () => {},
      retry: () => {
        throw new Error("a message was not taken");
      },
    })),
  }) as unknown as MessageBatch<unknown>;

type World = ReturnType<typeof createCounted>;

/** Brings facts to the consumer, and then every wake-up that follows. */
async function deliver(
  { counted, consumer }: World,
  facts: readonly unknown[],
  inBatchesOf: number,
): Promise<void> {
  for (let from = 0; from < facts.length; from += inBatchesOf) {
    const batch = facts.slice(from, from + inBatchesOf);
    counted.messages += batch.length;
    counted.invocations++;
    await consumer.events(batchOf(batch));
    while (counted.wakeUps.length > 0) {
      counted.invocations++;
      await consumer.work(batchOf(counted.wakeUps.splice(0)));
    }
  }
}

/** Deliveries that start a validation each, which runs and succeeds. */
async function validate(world: World, deliveries: number, inBatchesOf: number): Promise<void> {
  const opened = Array.from({ length: deliveries }, (_, i) => openedPull(i % REPOSITORIES));
  await deliver(world, opened, inBatchesOf);
  const ids = opened.flatMap(({ repository, change }) =>
    repository === null || change.type !== "pull_request"
      ? []
      : [`${repository.id}-pr-${change.number}-${change.head_sha}-1`],
  );
  for (const status of ["running", "completed"] as const) {
    await deliver(
      world,
      ids.map((id) => callbackAbout(id, status)),
      inBatchesOf,
    );
  }
}

/** Pushes to branches that are not validated. */
const note = (world: World, deliveries: number, inBatchesOf: number): Promise<void> =>
  deliver(
    world,
    Array.from({ length: deliveries }, (_, i) => ({
      ...openedPull(i % REPOSITORIES),
      event: "push",
      action: null,
      change: { type: "note" },
    })),
    inBatchesOf,
  );

type Run = (world: World, deliveries: number, inBatchesOf: number) => Promise<void>;

async function count(
  bare: D1Database,
  run: Run,
  deliveries: number,
  inBatchesOf: number,
  requests: number,
): Promise<Operations> {
  const meter = createMeter(bare);
  const world = createCounted(meter);
  // GitHub is asked once which installation a repository belongs to, and once an hour for a token.
  await run(world, REPOSITORIES, BATCH);
  meter.take();
  const before = structuredClone(world.counted);
  const sizeBefore = await sizeOf(bare);
  const cpuBefore = process.cpuUsage();
  await run(world, deliveries, inBatchesOf);
  const cpu = process.cpuUsage(cpuBefore);
  const { costs, roundTrips } = meter.take();
  const storedBytes = ((await sizeOf(bare)) - sizeBefore) / deliveries;
  const { counted } = world;
  const each = (total: number): number => total / deliveries;
  const sum = (field: "rowsRead" | "rowsWritten" | "durationMs"): number =>
    each(costs.reduce((all, cost) => all + cost[field], 0));
  const sent = (of: keyof Sent): number => each(counted.sent[of] - before.sent[of]);
  return {
    requests,
    invocations: each(counted.invocations - before.invocations),
    messages: each(counted.messages - before.messages),
    cpuMs: each((cpu.user + cpu.system) / 1000),
    rowsRead: sum("rowsRead"),
    rowsWritten: sum("rowsWritten"),
    rowsDeleted: await deleteAll(bare, deliveries + REPOSITORIES),
    d1Ms: sum("durationMs"),
    roundTrips: each(roundTrips),
    storedBytes,
    grainchainCalls: sent("grainchain"),
    githubCalls: sent("github"),
    githubCreates: sent("githubCreates"),
    budgetCalls: sent("budget"),
    // The producer writes one for each of its requests.
    dataPoints: each(counted.dataPoints - before.dataPoints) + requests,
  };
}

const sizeOf = async (db: D1Database): Promise<number> =>
  (await db.prepare("SELECT 1").all()).meta.size_after;

/** As retention does once everything is old. @returns rows written by it, each */
async function deleteAll(bare: D1Database, deliveries: number): Promise<number> {
  const meter = createMeter(bare);
  const later = new Date(Date.now() + 24 * 3_600_000).toISOString();
  const horizons = { deliveriesBefore: later, validationsBefore: later, strayResultsBefore: later };
  while ((await deleteChunk(meter.db, horizons)) > 0);
  return meter.take().costs.reduce((all, { rowsWritten }) => all + rowsWritten, 0) / deliveries;
}

const IGNORED: Operations = {
  requests: 1,
  invocations: 0,
  messages: 0,
  cpuMs: 0,
  rowsRead: 0,
  rowsWritten: 0,
  rowsDeleted: 0,
  d1Ms: 0,
  roundTrips: 0,
  storedBytes: 0,
  grainchainCalls: 0,
  githubCalls: 0,
  githubCreates: 0,
  budgetCalls: 0,
  dataPoints: 1,
};

/** @param inBatchesOf as the events queue would bring them: 100 where many come, 1 where few do */
export async function measureLife(
  db: D1Database,
  deliveries: number,
  inBatchesOf: number,
): Promise<Measured> {
  const validated = await count(db, validate, deliveries, inBatchesOf, 3);
  const noted = await count(db, note, deliveries, inBatchesOf, 1);
  const meter = createMeter(db);
  const { consumer } = createCounted(meter);
  await consumer.cron();
  meter.take();
  await consumer.cron();
  const { costs } = meter.take();
  const sum = (field: "rowsRead" | "rowsWritten"): number =>
    costs.reduce((all, cost) => all + cost[field], 0);
  return {
    validated,
    noted,
    ignored: IGNORED,
    cron: { rowsRead: sum("rowsRead"), rowsWritten: sum("rowsWritten") },
  };
}
