/** Steps about queues, and about who consumes them. */

import { listQueues, type Queue } from "../cloudflare/queues.ts";
import { succeed } from "../cloudflare/wrangler.ts";
import { wranglerCommand } from "../cloudflare/wrangler-command.ts";
import { GatewayError } from "../exit.ts";
import type { Wanted, WantedQueue } from "../project/desired-state.ts";
import type { Step, StepDeps } from "./step.ts";

/** Makes the queues that are missing, and prolongs what the others keep too briefly. */
export const queueSteps = (deps: StepDeps, actual: readonly Queue[]): Step[] =>
  deps.wanted.queues.flatMap((queue) => {
    const there = actual.find(({ name }) => name === queue.name);
    if (there === undefined) return [createQueue(deps, queue)];
    return isTooBrief(queue, there) ? [extendRetention(deps, queue, there)] : [];
  });

/** What cannot be judged or mended here. */
export const queueNotes = ({ queues }: Wanted, actual: readonly Queue[]): string[] =>
  queues.flatMap(({ name, retentionSeconds }) => {
    const there = actual.find((one) => one.name === name);
    const unknown = retentionSeconds !== null && there?.retentionSeconds === null;
    const pulled = there?.consumers.some(({ type }) => type === "http_pull") === true;
    return [
      ...(unknown ? [`queue ${name}: ${unknownRetention(retentionSeconds)}`] : []),
      ...(pulled
        ? [
            `queue ${name} is pulled over HTTP, too: ${wranglerCommand(`queues consumer http remove ${name}`)}`,
          ]
        : []),
    ];
  });

/** @param wanted seconds */
export const unknownRetention = (wanted: number): string =>
  `Cloudflare does not say how long messages are kept; ${daysText(wanted)} are wanted`;

/** Whether messages are kept for less time than is wanted. */
export const isTooBrief = ({ retentionSeconds: wanted }: WantedQueue, { retentionSeconds }: Queue): boolean =>
  wanted !== null && retentionSeconds !== null && retentionSeconds < wanted;

/** Consumers that the files do not name: of a queue of ours, or our Worker on another queue. */
export function strayConsumers({ workers, queues }: Wanted, actual: readonly Queue[]) {
  const { producer, consumer } = workers;
  return actual.flatMap(({ name: queue, consumers }) => {
    const isNamed = consumer.consumes.some((one) => one.queue === queue);
    const isOurs = queues.some(({ name }) => name === queue);
    return consumers.flatMap(({ type, script }) => {
      if (type !== "worker" || script === null) return [];
      if (isNamed && script === consumer.script) return [];
      return isOurs || [producer.script, consumer.script].includes(script) ? [{ queue, script }] : [];
    });
  });
}

/** Detaches what the files do not name. Each is asked for on its own. */
export const detachSteps = (deps: StepDeps, actual: readonly Queue[]): Step[] =>
  strayConsumers(deps.wanted, actual).map(({ queue, script }) => ({
    rows: [{ resource: `consumer of ${queue}`, is: script, will: "detached, once it is confirmed" }],
    question: {
      order: `detach ${script} from queue ${queue}`,
      refused: `${script} still consumes queue ${queue}: ${wranglerCommand(`queues consumer worker remove ${queue} ${script}`)}`,
    },
    async perform() {
      const queues = await listQueues(deps.account);
      const isThere = strayConsumers(deps.wanted, queues).some(
        (one) => one.queue === queue && one.script === script,
      );
      if (!isThere) return `${script} was detached from queue ${queue} already`;
      await succeed(deps.wrangler, ["queues", "consumer", "worker", "remove", queue, script]);
      return `detached ${script} from queue ${queue}`;
    },
  }));

function createQueue({ account, wrangler }: StepDeps, { name, retentionSeconds }: WantedQueue): Step {
  const keeps = retentionSeconds === null ? "" : `, keeps messages for ${daysText(retentionSeconds)}`;
  return {
    rows: [{ resource: `queue ${name}`, is: "missing", will: `made${keeps}` }],
    async perform() {
      const queues = await listQueues(account);
      if (queues.some((one) => one.name === name)) return `queue ${name} was made already`;
      await explained(succeed(wrangler, ["queues", "create", name, ...retention(retentionSeconds)]));
      return `made queue ${name}${keeps}`;
    },
  };
}

function extendRetention({ wrangler }: StepDeps, queue: WantedQueue, there: Queue): Step {
  const { name, retentionSeconds } = queue;
  const will = `keeps messages for ${daysText(retentionSeconds ?? 0)}`;
  return {
    rows: [
      { resource: `queue ${name}`, is: `keeps messages for ${daysText(there.retentionSeconds ?? 0)}`, will },
    ],
    async perform() {
      await explained(succeed(wrangler, ["queues", "update", name, ...retention(retentionSeconds)]));
      return `queue ${name} ${will} now`;
    },
  };
}

/** `14 days` */
export function daysText(seconds: number): string {
  const days = Math.round(seconds / 8640) / 10;
  return days === 1 ? "1 day" : `${days} days`;
}

const retention = (seconds: number | null): string[] =>
  seconds === null ? [] : ["--message-retention-period-secs", String(seconds)];

/** Wrangler does not say which setting is invalid. On the Free plan it is the retention. */
async function explained(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || !/settings are invalid/.test(thrown.message)) throw thrown;
    throw new GatewayError(
      `${thrown.message} On the Workers Free plan messages are kept for 1 day at most; 14 days need the Paid plan`,
    );
  }
}
