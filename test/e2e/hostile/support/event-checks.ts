/**
 * An entry before a Worker's own that says in its log what becomes of every event. What a Worker throws, never answers,
 * or answers outside its app looks from outside like the words of the server in front, which are not ours to judge.
 */
import * as v from "valibot";
import { expect } from "vitest";
import { waitUntil } from "../../../support/patience.ts";
import type { Gateway } from "../../support/gateway.ts";

/** A request with this header meets a Worker that goes wrong in one of these ways: the witness has to see it. */
export const PLANT = "x-planted";

/** @returns the source of the entry before a Worker's own */
export const witness = (main: string): string => `
import worker from ${JSON.stringify(main)};
export * from ${JSON.stringify(main)};

const PLANTED = {
  // A text has no stack to be known by.
  throws() { throw "planted"; },
  hangs: () => new Promise(() => {}),
  answers: () => new Response("planted", { status: 400 }),
};

const say = (id, handler, more) => console.log(JSON.stringify({ witness: { id, handler, ...more } }));

const watched = (handler) => async (event, ...rest) => {
  const id = crypto.randomUUID();
  say(id, handler, { step: "begun" });
  try {
    const planted = handler === "fetch" ? PLANTED[event.headers.get("${PLANT}")] : undefined;
    const result = await (planted ?? worker[handler])(event, ...rest);
    say(id, handler, { step: "ended", ours: handler !== "fetch" || result.headers.has("x-request-id") });
    return result;
  } catch (thrown) {
    say(id, handler, { step: "threw" });
    throw thrown;
  }
};

export default Object.fromEntries(Object.keys(worker).map((handler) => [handler, watched(handler)]));
`;

const witnessed = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    witness: v.object({
      id: v.string(),
      handler: v.string(),
      step: v.picklist(["begun", "ended", "threw"]),
      ours: v.optional(v.boolean(), true),
    }),
  }),
);

/**
 * @param from where in the log to begin
 * @returns what is wrong with the events that the Workers have had since
 */
export function brokenSince(gateway: Pick<Gateway, "logs">, from: number): string[] {
  const events = new Map<string, string>();
  for (const line of gateway.logs().slice(from).split("\n")) {
    const read = v.safeParse(witnessed, line);
    if (!read.success) continue;
    const { id, handler, step, ours } = read.output.witness;
    if (step === "begun") events.set(id, `${handler} ${UNENDED}`);
    else if (step === "threw") events.set(id, `${handler} threw`);
    else if (ours) events.delete(id);
    else events.set(id, `${handler} answered what the app has not`);
  }
  return [...events.values()];
}

const UNENDED = "has not ended";

/** Expects that the Workers have ended every event that they have had, as their app ends it. */
export async function expectUnbroken(gateway: Pick<Gateway, "logs">, from = 0): Promise<void> {
  let broken: string[] = [];
  const settled = (): boolean => {
    broken = brokenSince(gateway, from);
    return broken.every((one) => !one.endsWith(UNENDED));
  };
  await waitUntil("an end of every event of the Workers", settled);
  expect(broken).toEqual([]);
}
