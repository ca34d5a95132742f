/** Something that happens while requests to GitHub are under way: no matter how slow the machine is. */
import { vi } from "vitest";

/** What tells GitHub something: a check run or a status. */
const isWrite = (input: RequestInfo | URL, init?: RequestInit): boolean =>
  init?.method !== "GET" && /\/(?:check-runs(?:\/\d+)?|statuses\/\w+)$/.test(String(input));

/** Holds back the answer to the next write. @returns when GitHub has performed it, and what lets go of the answer */
export function holdAnswer(): { readonly performed: Promise<void>; readonly release: () => void } {
  const send = fetch;
  const performed = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let held = false;
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const holds = !held && isWrite(input, init);
    held ||= holds;
    const response = await send(input, init);
    if (holds) {
      performed.resolve();
      await released.promise;
    }
    return response;
  });
  return { performed: performed.promise, release: released.resolve };
}

/** Does something once the next write is answered. Writes that go together with it reach GitHub after that. */
export function afterNextWrite(happens: () => Promise<unknown>): void {
  const send = fetch;
  let happened: Promise<unknown> | undefined;
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    if (!isWrite(input, init)) return send(input, init);
    if (happened !== undefined) {
      await happened;
      return send(input, init);
    }
    const answered = send(input, init);
    happened = answered.then(happens);
    await happened;
    return answered;
  });
}
