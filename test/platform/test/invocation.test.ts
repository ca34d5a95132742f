import { describe, expect, test } from "vitest";
import { type After, startInvocation, WallTimeExceeded } from "../invocation.ts";
import { ERRORS, LIMITS } from "../limits.ts";
import { doubleOf } from "./support.ts";

describe("Analytics Engine", () => {
  test("the 251st data point throws", () => {
    const points: unknown[] = [];
    const dataset = startInvocation().dataset({
      writeDataPoint: (point?: object) => void points.push(point),
    });
    for (let n = 0; n < LIMITS.dataPoints; n++) dataset.writeDataPoint({});
    expect(() => dataset.writeDataPoint({})).toThrow(ERRORS.dataPoints);
    expect(points).toHaveLength(250);
  });

  test("long indexes and blobs are refused", () => {
    const dataset = startInvocation().dataset({ writeDataPoint: (_: object = {}) => {} });
    expect(() => dataset.writeDataPoint({ indexes: ["é".repeat(49)] })).toThrow("index");
    expect(() => dataset.writeDataPoint({ blobs: ["a".repeat(16_385)] })).toThrow("blobs");
  });
});

describe("connections", () => {
  test("a seventh waits for one of six, whatever they are for", async () => {
    const answers: (() => void)[] = [];
    const hang = (_?: string) =>
      new Promise<never>((_, reject) => answers.push(() => reject(new Error("over"))));
    const invocation = startInvocation();
    const { db } = doubleOf(() => hang());
    const limited = invocation.database(db);
    const stub = invocation.namespace({ getByName: (_: string) => ({ take: hang }) }).getByName("a");
    const fetcher = invocation.fetch(hang);
    const calls = [
      limited.prepare("SELECT 1").all(),
      limited.batch([limited.prepare("SELECT 2")]),
      fetcher(),
      invocation.queue({ send: hang }).send(),
      invocation.queue({ send: hang }).send(),
      stub.take(),
      fetcher(),
    ].map((call) => call.catch((thrown: unknown) => String(thrown)));
    await settle();
    expect(answers).toHaveLength(6);
    expect(invocation.usage().connections).toEqual({ open: 6, wanted: 7 });
    answers[0]?.();
    await calls[0];
    await settle();
    expect(answers).toHaveLength(7);
    for (const answer of answers) answer();
    expect(await Promise.all(calls)).toEqual(calls.map(() => "Error: over"));
  });

  test("the time-out of a call runs while it waits, and gives its place back", async () => {
    const begun: string[] = [];
    const fetcher = startInvocation({ limits: { connections: 1 } }).fetch(
      (url: string, _init?: { signal?: AbortSignal }) => {
        begun.push(url);
        return new Promise<string>(() => {});
      },
    );
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [
      fetcher("first", { signal: first.signal }),
      fetcher("second", { signal: second.signal }),
      fetcher("third"),
    ];
    second.abort(new Error("too late"));
    await expect(calls[1]).rejects.toThrow("too late");
    expect(begun).toEqual(["first"]);
    first.abort(new Error("given up"));
    await expect(calls[0]).rejects.toThrow("given up");
    expect(begun).toEqual(["first", "third"]);
    await expect(fetcher("none", { signal: first.signal })).rejects.toThrow("given up");
  });
});

describe("queues", () => {
  const queue = () => {
    const sent: unknown[] = [];
    const inner = {
      send: async (message: unknown, _options?: object) => void sent.push(message),
      sendBatch: async (messages: Iterable<unknown>) => void sent.push(...messages),
    };
    return { sent, queue: startInvocation().queue(inner) };
  };

  test("a message over 128 KB is refused, and an answer has the size of the backlog", async () => {
    const { sent, queue: limited } = queue();
    await expect(limited.send("a".repeat(128_000))).rejects.toThrow("exceeds limit of 128000");
    await expect(limited.send({ text: "é".repeat(64_000) })).rejects.toThrow("exceeds limit of 128000");
    await expect(limited.send("late", { delaySeconds: 86_401 })).rejects.toThrow("86401");
    expect(await limited.send("a".repeat(127_000))).toEqual({
      metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
    });
    expect(sent).toHaveLength(1);
  });

  test("a batch is refused with more than 100 messages or 256 KB", async () => {
    const { sent, queue: limited } = queue();
    const messages = (count: number, body: string) => Array.from({ length: count }, () => ({ body }));
    await expect(limited.sendBatch(messages(101, "a"))).rejects.toThrow("count of 101");
    await expect(limited.sendBatch(messages(3, "a".repeat(90_000)))).rejects.toThrow("limit of 256000");
    await limited.sendBatch(messages(100, "a"));
    expect(sent).toHaveLength(100);
  });
});

describe("wall time", () => {
  test("an invocation that takes longer than 15 min is ended, with all that it waits for", async () => {
    const timers: [number, () => void][] = [];
    const after: After = (ms, perform) => {
      timers.push([ms, perform]);
      return () => {};
    };
    const invocation = startInvocation({ after });
    const answers: (() => void)[] = [];
    const fetcher = invocation.fetch(() => new Promise<void>((resolve) => answers.push(resolve)));
    let continued = false;
    const ended = invocation.run(async () => {
      await fetcher();
      continued = true;
    });
    expect(timers.map(([ms]) => ms)).toEqual([900_000]);
    timers[0]?.[1]();
    await expect(ended).rejects.toThrow(WallTimeExceeded);
    answers[0]?.();
    void fetcher();
    await settle();
    expect([continued, answers.length]).toEqual([false, 1]);
  });

  test("one that is done is over, and its timer too", async () => {
    let stopped = 0;
    const invocation = startInvocation({ after: () => () => void stopped++ });
    expect(await invocation.run(async () => "done")).toBe("done");
    expect(stopped).toBe(1);
    let called = false;
    void invocation.fetch(async () => {
      called = true;
    })();
    await settle();
    expect(called).toBe(false);
  });
});

/** Until what can happen by itself has happened. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
