/** The only place that acknowledges or retries messages. */
import { type Backoff, backoffMs } from "@webhook-gateway/shared/domain/backoff.ts";

/** A queue message before its body is trusted. */
export type IncomingMessage = Pick<Message<unknown>, "id" | "body" | "attempts" | "timestamp">;

/** What to do with a message once its batch is done. */
export type Verdict = "ack" | "retry" | "retry soon";

/** Settles a batch. Nothing may throw after it: in production the acknowledgements hold, in local queues they do not. */
export function settle(batch: MessageBatch<unknown>, verdicts: readonly Verdict[], backoff: Backoff): void {
  batch.messages.forEach((message, index) => {
    const verdict = verdicts[index];
    if (verdict === "ack") message.ack();
    // It conflicted with another batch: there is no outage to wait for.
    else if (verdict === "retry soon") message.retry({ delaySeconds: 1 });
    else message.retry({ delaySeconds: Math.ceil(backoffMs(backoff, message.attempts) / 1000) });
  });
}

/** The same for each of its messages. */
export const settleAll = (batch: MessageBatch<unknown>, verdict: Verdict, backoff: Backoff): void =>
  settle(
    batch,
    batch.messages.map(() => verdict),
    backoff,
  );
