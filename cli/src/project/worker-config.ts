/** The configuration of a Worker, checked by the schema that the Worker checks it with when it starts. */
import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { readProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import type { Settings, WorkerName } from "./project.ts";

const READERS: Readonly<Record<WorkerName, (env: unknown) => unknown>> = {
  producer: readProducerConfig,
  consumer: readConsumerConfig,
};

/** @throws ConfigError naming the keys that the Worker would refuse */
export function checkWorkerConfig(worker: WorkerName, values: Settings): void {
  READERS[worker](values);
}
