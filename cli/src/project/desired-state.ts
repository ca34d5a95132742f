/** What the two configuration files ask for in one environment. */
import { GatewayError } from "../exit.ts";
import { isPlaceholder } from "./database-id.ts";
import type { EnvironmentName, WorkerName } from "./project.ts";
import { readWorkerFile, type WorkerFile } from "./worker-file.ts";

export interface DesiredQueue {
  readonly name: string;
  /** How long messages are kept; null for Cloudflare's default. */
  readonly retentionSeconds: number | null;
}

export interface DesiredState {
  readonly environment: EnvironmentName;
  readonly workers: Readonly<Record<WorkerName, WorkerFile>>;
  readonly queues: readonly DesiredQueue[];
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
  return { environment, workers: { producer, consumer }, queues: desiredQueues(producer, consumer) };
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
