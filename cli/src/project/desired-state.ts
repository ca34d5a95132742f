/** What the two configuration files ask for in one environment. */
import { RESULTS_PREFIX, VALIDATIONS_PREFIX } from "@webhook-gateway/shared/archive/keys.ts";
import { RETENTION_DAYS as DAYS } from "@webhook-gateway/shared/config/consumer.ts";
import { GatewayError } from "../exit.ts";
import { isPlaceholder } from "./database-id.ts";
import type { EnvironmentName, WorkerName } from "./project.ts";
import { readWorkerFile, type WorkerFile } from "./worker-file.ts";

export interface DesiredQueue {
  readonly name: string;
  /** How long messages are kept; null for Cloudflare's default. */
  readonly retentionSeconds: number | null;
}

/** The bucket of the archive. Each of its folders has a rule of its own. */
export interface DesiredBucket {
  readonly name: string;
  readonly rules: readonly { readonly id: string; readonly prefix: string; readonly days: number }[];
}

export interface DesiredState {
  readonly environment: EnvironmentName;
  readonly workers: Readonly<Record<WorkerName, WorkerFile>>;
  readonly queues: readonly DesiredQueue[];
  /** Undefined if the files have none: then everything stays in D1. */
  readonly bucket: DesiredBucket | undefined;
}

/**
 * 14 days, the longest that Queues offers: a fact must outlive a long weekend without D1.
 * https://developers.cloudflare.com/queues/platform/limits/
 */
const FACT_RETENTION_SECONDS = 1_209_600;

/**
 * @param from where the files are, if they are copies
 * @throws GatewayError if a file cannot be read, or the two do not belong together
 */
export async function readDesiredState(
  dir: string,
  environment: EnvironmentName,
  from = dir,
): Promise<DesiredState> {
  const [producer, consumer] = await Promise.all([
    readWorkerFile(dir, "producer", environment, from),
    readWorkerFile(dir, "consumer", environment, from),
  ]);
  return desiredState(environment, producer, consumer);
}

/** @throws GatewayError if the two do not belong together */
export function desiredState(
  environment: EnvironmentName,
  producer: WorkerFile,
  consumer: WorkerFile,
): DesiredState {
  const ids = [producer, consumer].map(({ databaseId }) => databaseId).filter((id) => !isPlaceholder(id));
  // One file may have the id already while the other has the placeholder.
  if (producer.databaseName !== consumer.databaseName || new Set(ids).size > 1) {
    throw new GatewayError(
      `${producer.file} and ${consumer.file} name different databases for ${environment}: ` +
        "database_name and database_id have to be the same in both",
    );
  }
  return {
    environment,
    workers: { producer, consumer },
    queues: desiredQueues(producer, consumer),
    bucket: desiredBucket(environment, producer, consumer),
  };
}

/** What a Worker does not need is kept for so many days more: its results are read again when a validation is archived. */
const RESULTS_SLACK_DAYS = 14;

/** @throws GatewayError if the files name different buckets */
function desiredBucket(
  environment: EnvironmentName,
  producer: WorkerFile,
  consumer: WorkerFile,
): DesiredBucket | undefined {
  const name = consumer.bucketName;
  if (producer.bucketName !== name) {
    throw new GatewayError(
      `${producer.file} and ${consumer.file} name different buckets for ${environment}: bucket_name of ARCHIVE has to be ` +
        "the same in both",
    );
  }
  if (name === undefined) return undefined;
  const days = (key: keyof typeof DAYS): number => Number(consumer.vars[key] || DAYS[key]);
  const inD1 = Math.max(days("VALIDATIONS_RETENTION_DAYS"), days("DELIVERIES_RETENTION_DAYS"));
  const least = inD1 + RESULTS_SLACK_DAYS;
  return {
    name,
    rules: [
      { id: "results", prefix: RESULTS_PREFIX, days: least },
      // What was archived early has its results there while D1 still lists it.
      {
        id: "validations",
        prefix: VALIDATIONS_PREFIX,
        days: Math.max(days("ARCHIVE_RETENTION_DAYS"), least),
      },
    ],
  };
}

/** Queues that hold facts keep them long: those that the producer writes to, and dead letters. A wake-up may be lost. */
function desiredQueues(producer: WorkerFile, consumer: WorkerFile): DesiredQueue[] {
  const deadLetters = consumer.consumes.flatMap((queue) => queue.deadLetters ?? []);
  const facts = new Set([...producer.produces, ...deadLetters]);
  const all = new Set([...facts, ...consumer.produces, ...consumer.consumes.map(({ queue }) => queue)]);
  return [...all].map((name) => ({
    name,
    retentionSeconds: facts.has(name) ? FACT_RETENTION_SECONDS : null,
  }));
}
