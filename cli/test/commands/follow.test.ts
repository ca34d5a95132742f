import { expect, test } from "vitest";
import { ApiError } from "../../src/api/refusal.ts";
import { follow } from "../../src/commands/searches/follow.ts";

interface Work {
  readonly done: number;
}

/** Asks often, and waits for longer than a busy machine can stand still. */
const PACE = { pollMs: 1, patienceMs: 600_000 };
const IMPATIENT = { pollMs: 1, patienceMs: 20 };

const away = () => new ApiError("unreachable", "no gateway answers", 0);

/** Work that stands as the list says, one load after the other; the last repeats. */
function workOf(...steps: readonly (number | Error)[]) {
  let loads = 0;
  const shown: (number | string)[] = [];
  const controller = new AbortController();
  return {
    shown,
    controller,
    loads: () => loads,
    load: async (): Promise<Work> => {
      const step = steps[Math.min(loads++, steps.length - 1)] ?? 0;
      if (step instanceof Error) throw step;
      return { done: step };
    },
    isDone: ({ done }: Work) => done === 3,
    progress: {
      start: ({ done }: Work) => void shown.push(done),
      update: ({ done }: Work) => void shown.push(done),
      stop: () => void shown.push("stopped"),
    },
    signal: controller.signal,
  };
}

test("shows each step until it is done", async () => {
  const work = workOf(1, 2, 3);

  expect(await follow({ done: 0 }, work, PACE)).toEqual({ item: { done: 3 }, done: true });
  expect(work.shown).toEqual([0, 1, 2, 3, "stopped"]);
});

test("asks for nothing if it is already done", async () => {
  const work = workOf(1);

  expect(await follow({ done: 3 }, work, PACE)).toEqual({ item: { done: 3 }, done: true });
  expect(work.loads()).toBe(0);
});

test("keeps waiting while the gateway is away for a moment", async () => {
  const work = workOf(1, away(), away(), new ApiError("storage_unavailable", "D1 does not answer", 503), 3);

  expect(await follow({ done: 0 }, work, PACE)).toMatchObject({ done: true });
  expect(work.shown).toEqual([0, 1, 1, 1, 1, 3, "stopped"]);
});

test("gives up on a gateway that stays away", async () => {
  const work = workOf(1, away());

  await expect(follow({ done: 0 }, work, IMPATIENT)).rejects.toThrow("no gateway answers");
  expect(work.loads()).toBeGreaterThanOrEqual(2);
  expect(work.shown.at(-1)).toBe("stopped");
});

test("gives up at once if the gateway refuses", async () => {
  const work = workOf(new ApiError("forbidden", "a reader may only look", 403));

  await expect(follow({ done: 0 }, work, PACE)).rejects.toThrow("a reader may only look");
  expect(work.loads()).toBe(1);
});

test("returns the last known state when it is interrupted", async () => {
  const work = workOf(1);
  const update = (item: Work) => {
    work.progress.update(item);
    work.controller.abort();
  };
  const progress = { ...work.progress, update };

  expect(await follow({ done: 0 }, { ...work, progress }, PACE)).toEqual({ item: { done: 1 }, done: false });
  expect(work.shown.at(-1)).toBe("stopped");
});

test("does not wait for a missing answer when it is interrupted", async () => {
  const work = workOf(1);
  const load = (signal: AbortSignal) =>
    new Promise<Work>((_, reject) => {
      signal.addEventListener("abort", () => reject(away()));
      work.controller.abort();
    });

  expect(await follow({ done: 0 }, { ...work, load }, PACE)).toEqual({ item: { done: 0 }, done: false });
});
