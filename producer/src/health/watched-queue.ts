import type { QueueWitness } from "./health.ts";

/** A queue that remembers its last send: all that a Worker can know about a queue's health. */
export function watchQueue(
  queue: Pick<Queue<unknown>, "send">,
  now: () => Date,
): Pick<Queue<unknown>, "send"> & QueueWitness {
  let lastSend: QueueWitness["lastSend"];
  let oldestMessage: QueueWitness["oldestMessage"];
  return {
    get lastSend() {
      return lastSend;
    },
    get oldestMessage() {
      return oldestMessage;
    },
    async send(message, options) {
      try {
        const sent = await queue.send(message, options);
        lastSend = "ok";
        const { oldestMessageTimestamp: sentAt } = sent.metadata.metrics;
        oldestMessage = sentAt === undefined ? undefined : { sentAt, seenAt: now() };
        return sent;
      } catch (thrown) {
        lastSend = "failed";
        throw thrown;
      }
    },
  };
}
