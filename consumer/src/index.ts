import { createLog } from "@webhook-gateway/shared/log.ts";
import { readConsumerConfig } from "./config.ts";
import { createConsumer } from "./consumer.ts";

/** Each environment's queues are named after their role. */
function roleOf(queue: string): "events" | "work" | "deadLetters" {
  if (queue.includes("-dead-")) return "deadLetters";
  return queue.includes("-work-") ? "work" : "events";
}

function consumerFor(env: Env) {
  const config = readConsumerConfig(env);
  return createConsumer({
    config,
    db: env.DB,
    work: env.WORK,
    log: createLog({ debug: config.WEBHOOK_DEBUG_MODE }).with({ worker: "consumer" }),
    fetch: (input, init) => fetch(input, init),
    now: () => new Date(),
    random: Math.random,
    newId: () => crypto.randomUUID(),
  });
}

export default {
  async queue(batch, env) {
    await consumerFor(env)[roleOf(batch.queue)](batch);
  },
  async scheduled(_controller, env) {
    await consumerFor(env).cron();
  },
} satisfies ExportedHandler<Env>;
