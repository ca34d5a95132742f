/** Are the queues there, do they keep messages for long enough, and is each consumed by our Worker alone? */

import { listQueues, type Queue } from "../cloudflare/queues.ts";
import { wranglerCommand } from "../cloudflare/wrangler-command.ts";
import type { Wanted, WantedQueue } from "../project/desired-state.ts";
import { daysText, isTooBrief, strayConsumers, unknownRetention } from "../provision/queue-steps.ts";
import type { Check } from "./check.ts";
import type { Place } from "./context.ts";
import { type Finding, fail, ok, skipped, warn } from "./finding.ts";

export const queuesCheck = (place: Place): Check => ({
  name: "queues",
  async run(signal) {
    const { environment } = place;
    if (environment === "development") return [ok("queues", "local ones are made with the local gateway")];
    const wanted = place.wanted();
    const actual = await listQueues(place.account(), signal);
    return [
      ...wanted.queues.flatMap((queue) => judgeQueue(wanted, queue, actual)),
      ...strayConsumers(wanted, actual).map(({ queue, script }) =>
        warn(
          `queue ${queue}`,
          `${script} consumes it, which the files do not name`,
          wranglerCommand(`queues consumer worker remove ${queue} ${script}`),
        ),
      ),
    ];
  },
});

function judgeQueue(wanted: Wanted, queue: WantedQueue, actual: readonly Queue[]): Finding[] {
  const { environment, workers } = wanted;
  const { consumer } = workers;
  const name = `queue ${queue.name}`;
  const provision = `gateway provision --env ${environment}`;
  const there = actual.find((one) => one.name === queue.name);
  if (there === undefined) return [fail(name, "missing", provision)];
  const isConsumed = consumer.consumes.some((one) => one.queue === queue.name);
  const isAttached = there.consumers.some(({ script }) => script === consumer.script);
  const kept =
    there.retentionSeconds === null ? "" : `keeps messages for ${daysText(there.retentionSeconds)}`;
  const problems = [
    ...(isTooBrief(queue, there) ? [warn(name, `${kept} only`, provision)] : []),
    ...(queue.retentionSeconds !== null && there.retentionSeconds === null
      ? [
          skipped(
            name,
            unknownRetention(queue.retentionSeconds),
            "look at its settings in Cloudflare's dashboard",
          ),
        ]
      : []),
    ...(isConsumed && !isAttached
      ? [
          fail(
            name,
            `${consumer.script} does not consume it`,
            wranglerCommand(`deploy -c ${consumer.file} --env ${environment}`),
          ),
        ]
      : []),
  ];
  if (problems.length > 0) return problems;
  return [
    ok(name, [kept, ...(isAttached ? [`consumed by ${consumer.script}`] : [])].filter(Boolean).join(", ")),
  ];
}
