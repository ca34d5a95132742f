/**
 * An entry before a Worker's own that logs what happens to every event. If a Worker throws, never answers, or answers
 * outside its app, the client cannot tell that from an answer of the server in front, which these tests do not check.
 */
import * as v from "valibot";
import { expect } from "vitest";
import { waitUntil } from "../../../support/patience.ts";
import type { Gateway } from "../../support/gateway.ts";

/** A request with this header makes the Worker fail in one of these ways: the checks have to notice it. */
export const FAULT_HEADER = "x-injected-fault";

/** @returns the source of the entry before a Worker's own */
export const eventReporter = (main: string): string => `
import worker from ${JSON.stringify(main)};
export * from ${JSON.stringify(main)};

const FAULTS = {
  // A string has no stack that would give it away.
  throws() { throw "injected"; },
  hangs: () => new Promise(() => {}),
  answers: () => new Response("injected", { status: 400 }),
};

const report = (id, handler, more) => console.log(JSON.stringify({ event_report: { id, handler, ...more } }));

const reporting = (handler) => async (event, ...rest) => {
  const id = crypto.randomUUID();
  report(id, handler, { step: "begun" });
  try {
    const fault = handler === "fetch" ? FAULTS[event.headers.get("${FAULT_HEADER}")] : undefined;
    const result = await (fault ?? worker[handler])(event, ...rest);
    report(id, handler, { step: "ended", ours: handler !== "fetch" || result.headers.has("x-request-id") });
    return result;
  } catch (thrown) {
    report(id, handler, { step: "threw" });
    throw thrown;
  }
};

export default Object.fromEntries(Object.keys(worker).map((handler) => [handler, reporting(handler)]));
`;

const eventReport = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    event_report: v.object({
      id: v.string(),
      handler: v.string(),
      step: v.picklist(["begun", "ended", "threw"]),
      ours: v.optional(v.boolean(), true),
    }),
  }),
);

/**
 * @param from the position in the log to start at
 * @returns what went wrong with the events that the Workers have handled since then
 */
export function brokenEventsSince(gateway: Pick<Gateway, "logs">, from: number): string[] {
  const events = new Map<string, string>();
  for (const line of gateway.logs().slice(from).split("\n")) {
    const read = v.safeParse(eventReport, line);
    if (!read.success) continue;
    const { id, handler, step, ours } = read.output.event_report;
    if (step === "begun") events.set(id, `${handler} ${UNENDED}`);
    else if (step === "threw") events.set(id, `${handler} threw`);
    else if (ours) events.delete(id);
    else events.set(id, `${handler} answered outside the app`);
  }
  return [...events.values()];
}

const UNENDED = "has not ended";

/** Expects that the Workers have ended every event, and that their app has answered every request. */
export async function expectEventsEnded(gateway: Pick<Gateway, "logs">, from = 0): Promise<void> {
  let broken: string[] = [];
  const settled = (): boolean => {
    broken = brokenEventsSince(gateway, from);
    return broken.every((one) => !one.endsWith(UNENDED));
  };
  await waitUntil("the end of every event of the Workers", settled);
  expect(broken).toEqual([]);
}
