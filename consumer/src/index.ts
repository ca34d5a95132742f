import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { observeWith } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { exceptEffects } from "./effects/effect-log.ts";
import { createConsumer } from "./handlers.ts";

export { GitHubBudget } from "./github/budget-object.ts";

/** Each environment's queues are named after their role. */
function roleOf(queue: string): "events" | "work" | "deadLetters" {
  if (queue.includes("-dead-")) return "deadLetters";
  return queue.includes("-work-") ? "work" : "events";
}

type Consumer = ReturnType<typeof createConsumer>;

/** An isolate serves one environment: GitHub's tokens are kept from one event to the next. */
let built: { readonly env: Env; readonly consumer: Consumer } | undefined;

function consumerFor(env: Env): Consumer {
  if (built?.env === env) return built.consumer;
  const config = readConsumerConfig(env);
  const budget = (name: string) => env.GITHUB_BUDGET.getByName(name);
  const consumer = createConsumer({
    config,
    db: env.DB,
    work: env.WORK,
    log: createLog({
      debug: config.WEBHOOK_DEBUG_MODE,
      observe: exceptEffects(observeWith(env.METRICS)),
    }).with({ worker: "consumer" }),
    fetch: (input, init) => fetch(input, init),
    now: () => new Date(),
    random: Math.random,
    newId: () => crypto.randomUUID(),
    budgets: {
      take: (name, lease, costs, nowMs) => budget(name).take(lease, [...costs], nowMs),
      settle: (name, leaseId, limitedUntilMs) => budget(name).settle(leaseId, limitedUntilMs),
    },
  });
  built = { env, consumer };
  return consumer;
}

export default {
  async queue(batch, env) {
    await consumerFor(env)[roleOf(batch.queue)](batch);
  },
  async scheduled(_controller, env) {
    await consumerFor(env).cron();
  },
} satisfies ExportedHandler<Env>;
