/** The two queues, each used as its documentation says, behind what the peers need of it. */
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { PgBoss } from "pg-boss";
import type { Fact } from "./records.ts";

export const MAX_BATCH = 100;
const NAME = "deliveries";
const ATTEMPTS = 8;

export interface DeliveryQueue {
  add(fact: Fact): Promise<unknown>;
  /** Calls it with up to a hundred at once. They are done when it returns, and come again if it throws. */
  work(handle: (facts: readonly Fact[]) => Promise<void>): Promise<unknown>;
}

/** The queue in Redis if there is one, else in PostgreSQL. */
export const openQueue = ({ REDIS_URL, DATABASE_URL = "" }: NodeJS.ProcessEnv): Promise<DeliveryQueue> =>
  REDIS_URL ? openBullMq(REDIS_URL) : openPgBoss(DATABASE_URL);

async function openBullMq(url: string): Promise<DeliveryQueue> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const jobs = { attempts: ATTEMPTS, backoff: { type: "exponential", delay: 5_000 }, removeOnComplete: true };
  const queue = new Queue<Fact>(NAME, { connection, defaultJobOptions: jobs });
  return {
    add: (fact) => queue.add("delivery", fact),
    // A worker has one job at a time for each of its slots: the batch is made of those that run.
    work: async (handle) => {
      const join = batcher(handle);
      return new Worker<Fact>(NAME, (job) => join(job.data), { connection, concurrency: MAX_BATCH });
    },
  };
}

async function openPgBoss(connectionString: string): Promise<DeliveryQueue> {
  const boss = new PgBoss({ connectionString, useListenNotify: true });
  boss.on("error", console.error);
  await boss.start();
  await boss.createQueue(NAME, { retryLimit: ATTEMPTS, retryDelay: 5, retryBackoff: true, notify: true });
  return {
    add: (fact) => boss.send(NAME, fact),
    work: (handle) =>
      boss.work<Fact>(
        NAME,
        { batchSize: MAX_BATCH, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
        (jobs) => handle(jobs.map(({ data }) => data)),
      ),
  };
}

/** While one batch is handled, the next one gathers. */
function batcher(handle: (facts: readonly Fact[]) => Promise<void>): (fact: Fact) => Promise<void> {
  let gathering: Fact[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (fact) => {
    gathering.push(fact);
    next ??= last.then(() => {
      const batch = gathering;
      gathering = [];
      next = undefined;
      const handled = handle(batch);
      last = handled.catch(() => {});
      return handled;
    });
    return next;
  };
}
