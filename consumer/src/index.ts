import { createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import { type ConsumerConfig, readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import type { GitHub } from "@webhook-gateway/shared/github/client.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { observeInvocation } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { githubOf, type IsolateState } from "./deps.ts";
import { CallCounts } from "./effects/call-counts.ts";
import { exceptEffects } from "./effects/effect-log.ts";
import type { Permissions } from "./github/permission.ts";
import { createConsumer } from "./handlers.ts";

export { GitHubBudget } from "./github/budget-object.ts";
export { Sentinel } from "./maintain/sentinel-object.ts";

/** Each environment's queues are named after their role. */
function roleOf(queue: string): "events" | "work" | "deadLetters" {
  if (queue.includes("-dead-")) return "deadLetters";
  return queue.includes("-work-") ? "work" : "events";
}

/** An isolate serves one environment: GitHub's tokens are kept from one invocation to the next. */
let built:
  | {
      readonly env: Env;
      readonly config: ConsumerConfig;
      readonly github: GitHub;
      readonly permissions: Permissions;
      readonly calls: CallCounts;
      readonly isolate: IsolateState;
    }
  | undefined;

function builtFor(env: Env) {
  if (built?.env !== env) {
    const config = readConsumerConfig(env);
    const calls = new CallCounts();
    built = {
      env,
      config,
      github: githubOf(
        config,
        (input, init) => fetch(input, init),
        () => new Date(),
        calls,
      ),
      permissions: new Map(),
      calls,
      isolate: { hasExpired: false },
    };
  }
  return built;
}

type Consumer = ReturnType<typeof createConsumer>;

async function invoke(env: Env, perform: (consumer: Consumer) => Promise<void>): Promise<void> {
  const { config, github, permissions, calls, isolate } = builtFor(env);
  const { observe, flush } = observeInvocation(env.METRICS);
  const budget = (name: string) => env.BUDGETS.getByName(name);
  const sentinel = () => env.SENTINEL.getByName("sentinel");
  const consumer = createConsumer({
    config,
    github,
    permissions,
    calls,
    isolate,
    db: env.DB,
    archive: createArchive(env.ARCHIVE, { now: () => new Date() }),
    work: env.WORK,
    log: createLog({ debug: config.WEBHOOK_DEBUG_MODE, observe: exceptEffects(observe) }).with({
      worker: "consumer",
    }),
    fetch: (input, init) => fetch(input, init),
    now: () => new Date(),
    random: Math.random,
    newId: () => crypto.randomUUID(),
    budgets: {
      take: (name, lease, wanted, nowMs) =>
        budget(name).take(config.GITHUB_BUDGET, lease, [...wanted], nowMs),
      settle: (name, ...given) => budget(name).settle(...given),
    },
    sentinel: {
      heard: () => sentinel().heard(),
      answered: (databaseBytes) => sentinel().answered(databaseBytes),
    },
  });
  try {
    await perform(consumer);
  } finally {
    flush();
  }
}

export default {
  async queue(batch, env) {
    await invoke(env, (consumer) => consumer[roleOf(batch.queue)](batch));
  },
  async scheduled(_controller, env) {
    await invoke(env, (consumer) => consumer.cron());
  },
} satisfies ExportedHandler<Env>;
