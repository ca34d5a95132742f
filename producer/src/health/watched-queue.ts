import type { QueueWitness } from "./health.ts";

/** A queue that remembers the result of its last send: all that a Worker can know about a queue's health. */
export function watchQueue(queue: Pick<Queue<unknown>, "send">): Pick<Queue<unknown>, "send"> & QueueWitness {
  let lastSend: QueueWitness["lastSend"];
  return {
    get lastSend() {
      return lastSend;
    },
    async send(message, options) {
      try {
        const sent = await queue.send(message, options);
        lastSend = "ok";
        return sent;
      } catch (thrown) {
        lastSend = "failed";
        throw thrown;
      }
    },
  };
}
