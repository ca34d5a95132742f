import type { QueueObservation } from "./health.ts";

/** A queue that remembers its last send: all that a Worker can know about a queue's health. */
export function watchQueue(
  queue: Pick<Queue<unknown>, "send">,
  now: () => Date,
): Pick<Queue<unknown>, "send"> & QueueObservation {
  let lastSend: QueueObservation["lastSend"];
  let oldestMessage: QueueObservation["oldestMessage"];
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
        oldestMessage = oldestMessageOf(sent, now());
        return sent;
      } catch (thrown) {
        lastSend = "failed";
        throw thrown;
      }
    },
  };
}

/** Not every runtime tells; an empty queue may say that its oldest message is of 1970. */
function oldestMessageOf(
  sent: QueueSendResponse | undefined,
  seenAt: Date,
): QueueObservation["oldestMessage"] {
  const sentAt = sent?.metadata?.metrics?.oldestMessageTimestamp;
  return sentAt instanceof Date && sentAt.getTime() > 0 ? { sentAt, seenAt } : undefined;
}
