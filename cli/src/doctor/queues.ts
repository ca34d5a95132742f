/** Do the queues exist, do they keep messages long enough, and does only our Worker consume each of them? */
import { listQueues, type Queue } from "../cloudflare/queues.ts";
import { deployCommand, removeConsumerCommand } from "../cloudflare/wrangler-command.ts";
import type { DesiredQueue, DesiredState } from "../project/desired-state.ts";
import { daysText, isTooBrief, strayConsumers, unknownRetention } from "../provision/queue-steps.ts";
import type { Check } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, named, ok, problemsOr, type Report, skipped, warn } from "./finding.ts";

export const queuesCheck = (context: CheckContext): Check => ({
  name: "queues",
  async run(signal) {
    if (context.isLocal) return [ok("npm start creates the local ones")];
    const desired = context.desired();
    const actual = await listQueues(context.account(), signal);
    return [
      named("Workers plan", judgePlan(actual)),
      ...desired.queues.flatMap((queue) =>
        judgeQueue(desired, queue, actual, context.provisionCommand).map((found) =>
          named(`queue ${queue.name}`, found),
        ),
      ),
      ...strayConsumers(desired, actual).map(({ queue, script }) =>
        named(
          `queue ${queue}`,
          warn(`${script} consumes it, but the files do not name it`, removeConsumerCommand(queue, script)),
        ),
      ),
    ];
  },
});

/** On Workers Free, no queue keeps a message for longer (https://developers.cloudflare.com/queues/platform/limits/). */
const FREE_RETENTION_SECONDS = 86_400;

/** Cloudflare's API shows an account's plan only with billing access, so infer it from the retention of its queues. */
function judgePlan(actual: readonly Queue[]): Report {
  if (actual.some(({ retentionSeconds }) => (retentionSeconds ?? 0) > FREE_RETENTION_SECONDS)) {
    return ok("Workers Paid: a queue keeps messages for more than a day");
  }
  return warn(
    "Workers Paid is needed, and no queue shows that the account has it",
    "check the plan in Cloudflare's dashboard",
  );
}

function judgeQueue(
  { environment, workers: { consumer } }: DesiredState,
  queue: DesiredQueue,
  actual: readonly Queue[],
  provisionCommand: string,
): Report[] {
  const existing = actual.find((one) => one.name === queue.name);
  if (existing === undefined) return [fail("missing", provisionCommand)];
  const isConsumed = consumer.consumes.some((one) => one.queue === queue.name);
  const isAttached = existing.consumers.some(({ script }) => script === consumer.script);
  const { retentionSeconds } = existing;
  const days = retentionSeconds === null ? "" : daysText(retentionSeconds);
  const keeps = days && `keeps messages for ${days}`;
  const consumed = isAttached ? `consumed by ${consumer.script}` : "";
  return problemsOr(
    ok([keeps, consumed].filter(Boolean).join(", ")),
    isTooBrief(queue, existing) && warn(`keeps messages for only ${days}`, provisionCommand),
    queue.retentionSeconds !== null &&
      retentionSeconds === null &&
      skipped(unknownRetention(queue.retentionSeconds), "check its settings in Cloudflare's dashboard"),
    isConsumed &&
      !isAttached &&
      fail(`${consumer.script} does not consume it`, deployCommand("consumer", environment)),
  );
}
