/** Steps about queues, and about who consumes them. */
import { listQueues, type Queue } from "../cloudflare/queues.ts";
import { succeed, type Wrangler } from "../cloudflare/wrangler.ts";
import { removeConsumerCommand, removeHttpConsumerCommand } from "../cloudflare/wrangler-command.ts";
import { GatewayError } from "../exit.ts";
import type { DesiredQueue, DesiredState } from "../project/desired-state.ts";
import type { Step, StepDeps } from "./step.ts";

/** Creates the queues that are missing, and extends the retention of those that keep messages too briefly. */
export const queueSteps = (deps: StepDeps, actual: readonly Queue[]): Step[] =>
  deps.desired.queues.flatMap((queue) => {
    const existing = actual.find(({ name }) => name === queue.name);
    if (existing === undefined) return [createQueue(deps, queue)];
    return isTooBrief(queue, existing) ? [extendRetention(deps, queue, existing)] : [];
  });

/** What cannot be checked or fixed here. */
export const queueNotes = ({ queues }: DesiredState, actual: readonly Queue[]): string[] =>
  queues.flatMap(({ name, retentionSeconds }) => {
    const existing = actual.find((queue) => queue.name === name);
    const pulled = existing?.consumers.some(({ type }) => type === "http_pull") === true;
    return [
      ...(retentionSeconds !== null && existing?.retentionSeconds === null
        ? [`queue ${name}: ${unknownRetention(retentionSeconds)}`]
        : []),
      ...(pulled ? [`queue ${name} also has an HTTP pull consumer: ${removeHttpConsumerCommand(name)}`] : []),
    ];
  });

export const unknownRetention = (desiredSeconds: number): string =>
  `Cloudflare does not say how long messages are kept; it should be ${daysText(desiredSeconds)}`;

/** Whether messages are kept for less time than the files ask for. */
export const isTooBrief = (desired: DesiredQueue, { retentionSeconds }: Queue): boolean =>
  desired.retentionSeconds !== null &&
  retentionSeconds !== null &&
  retentionSeconds < desired.retentionSeconds;

/** Consumers that the files do not name: of a queue of ours, or our Worker on another queue. */
export function strayConsumers({ workers, queues }: DesiredState, actual: readonly Queue[]) {
  const { producer, consumer } = workers;
  return actual.flatMap(({ name: queue, consumers }) => {
    const isNamed = consumer.consumes.some((consumed) => consumed.queue === queue);
    const isOurs = queues.some(({ name }) => name === queue);
    return consumers.flatMap(({ type, script }) => {
      if (type !== "worker" || script === null) return [];
      if (isNamed && script === consumer.script) return [];
      return isOurs || [producer.script, consumer.script].includes(script) ? [{ queue, script }] : [];
    });
  });
}

/** Detaches consumers that the files do not name. Each is confirmed separately. */
export const detachSteps = (deps: StepDeps, actual: readonly Queue[]): Step[] =>
  strayConsumers(deps.desired, actual).map(({ queue, script }) => ({
    rows: [{ resource: `consumer of ${queue}`, is: script, will: "detached, if confirmed" }],
    question: {
      action: `detach ${script} from queue ${queue}`,
      refused: `${script} still consumes queue ${queue}: ${removeConsumerCommand(queue, script)}`,
    },
    async perform() {
      const queues = await listQueues(deps.account);
      const isAttached = strayConsumers(deps.desired, queues).some(
        (stray) => stray.queue === queue && stray.script === script,
      );
      if (!isAttached) return `${script} is already detached from queue ${queue}`;
      await succeed(deps.wrangler, ["queues", "consumer", "worker", "remove", queue, script]);
      return `detached ${script} from queue ${queue}`;
    },
  }));

function createQueue({ account, wrangler }: StepDeps, { name, retentionSeconds }: DesiredQueue): Step {
  const keeps = retentionSeconds === null ? "" : `, keeps messages for ${daysText(retentionSeconds)}`;
  return {
    rows: [{ resource: `queue ${name}`, is: "missing", will: `created${keeps}` }],
    async perform() {
      const queues = await listQueues(account);
      if (queues.some((queue) => queue.name === name)) return `queue ${name} already exists`;
      await setQueue(wrangler, "create", name, retentionSeconds);
      return `created queue ${name}${keeps}`;
    },
  };
}

function extendRetention(
  { wrangler }: StepDeps,
  { name, retentionSeconds }: DesiredQueue,
  existing: Queue,
): Step {
  const keeps = (seconds: number | null): string => `keeps messages for ${daysText(seconds ?? 0)}`;
  return {
    rows: [
      { resource: `queue ${name}`, is: keeps(existing.retentionSeconds), will: keeps(retentionSeconds) },
    ],
    async perform() {
      await setQueue(wrangler, "update", name, retentionSeconds);
      return `queue ${name} now ${keeps(retentionSeconds)}`;
    },
  };
}

/** `14 days` */
export function daysText(seconds: number): string {
  const days = Math.round(seconds / 8640) / 10;
  return days === 1 ? "1 day" : `${days} days`;
}

async function setQueue(wrangler: Wrangler, verb: string, name: string, retentionSeconds: number | null) {
  const retention =
    retentionSeconds === null ? [] : ["--message-retention-period-secs", String(retentionSeconds)];
  try {
    await succeed(wrangler, ["queues", verb, name, ...retention]);
  } catch (thrown) {
    // Wrangler does not say which setting is invalid. On the Free plan it is the retention.
    if (!(thrown instanceof GatewayError) || !/settings are invalid/.test(thrown.message)) throw thrown;
    throw new GatewayError(
      `${thrown.message} The Workers Free plan keeps messages for at most 1 day; 14 days need the Paid plan`,
    );
  }
}
