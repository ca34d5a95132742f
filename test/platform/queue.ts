/** A queue, which refuses what is too large for it. Its answer has the size of the backlog. */
import type { Accounting } from "./accounting.ts";
import type { Limits } from "./limits.ts";
import { bytesOf } from "./size.ts";

export interface QueueLike {
  send(message: never, options?: never): Promise<unknown>;
}

interface SendOptions {
  readonly contentType?: string;
  readonly delaySeconds?: number;
}

interface SendRequest extends SendOptions {
  readonly body: unknown;
}

export function limitQueue<Queue extends QueueLike>(accounting: Accounting, queue: Queue): Queue {
  const { limits, usage, connections } = accounting;
  const call = (name: "send" | "sendBatch", args: readonly unknown[], messages: readonly SendRequest[]) =>
    connections.use(async () => {
      const refusal = refusalOf(limits, messages);
      if (refusal !== undefined) throw new Error(`Queue ${name} failed: ${refusal}`);
      usage.messages += messages.length;
      const method: unknown = Reflect.get(queue, name);
      if (typeof method !== "function") throw new TypeError(`this queue has no ${name}()`);
      return withMetrics(await Reflect.apply(method, queue, args));
    });
  return new Proxy(queue, {
    get(target, name) {
      if (name === "send") {
        return (body: unknown, options?: SendOptions) => call(name, [body, options], [{ ...options, body }]);
      }
      if (name === "sendBatch") {
        return (requests: Iterable<SendRequest>, options?: SendOptions) => {
          const messages = [...requests].map((one) => ({ ...options, ...one }));
          return call(name, [messages, options], messages);
        };
      }
      return Reflect.get(target, name);
    },
  });
}

function refusalOf(limits: Limits, messages: readonly SendRequest[]): string | undefined {
  if (messages.length > limits.batchMessages) {
    return `batch message count of ${messages.length} exceeds limit of ${limits.batchMessages}`;
  }
  const sizes = messages.map(({ body }) => sizeOf(body));
  const largest = Math.max(...sizes);
  if (largest + limits.messageMetadataBytes > limits.messageBytes) {
    return `message length of ${largest} bytes exceeds limit of ${limits.messageBytes}`;
  }
  const all = sizes.reduce((sum, size) => sum + size, 0);
  if (all > limits.batchBytes) {
    return `batch size of ${all} bytes exceeds limit of ${limits.batchBytes}`;
  }
  const late = messages.find(({ delaySeconds = 0 }) => !isDelay(delaySeconds, limits.delaySeconds));
  return late === undefined ? undefined : `delay of ${late.delaySeconds} s is not allowed`;
}

const isDelay = (seconds: number, most: number): boolean =>
  Number.isInteger(seconds) && seconds >= 0 && seconds <= most;

/** As JSON, the default, except for bytes. */
const sizeOf = (body: unknown): number =>
  body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? bytesOf(body) : bytesOf(JSON.stringify(body));

/** What a double of a queue does not tell is empty. */
function withMetrics(answer: unknown): object {
  const metadata = part(answer, "metadata");
  return {
    ...Object(answer),
    metadata: { ...metadata, metrics: { backlogCount: 0, backlogBytes: 0, ...part(metadata, "metrics") } },
  };
}

function part(of: unknown, name: string): object {
  const value: unknown = typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
  return typeof value === "object" && value !== null ? value : {};
}
