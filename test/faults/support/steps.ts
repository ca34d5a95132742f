/** The steps of a gateway under test: it reports each step before and after it takes it, and waits to be released. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { text } from "node:stream/consumers";
import { patienceMs } from "../../support/patience.ts";

/** A point in the gateway's work. */
export interface Point {
  readonly step: RegExp;
  /** Which of these steps, counted from 1. */
  readonly nth: number;
}

export type Steps = Awaited<ReturnType<typeof startSteps>>;

/** Starts the server that the gateway reports to. */
export async function startSteps(whenDone: (end: () => Promise<void>) => void) {
  let point: Point | undefined;
  let reached = Promise.withResolvers<string>();
  let ended = Promise.withResolvers<void>();
  let passed = 0;

  /** Waits while the gateway is held at this step. @returns whether it continues */
  async function pass(step: string): Promise<boolean> {
    if (point === undefined || !point.step.test(step) || ++passed < point.nth) return true;
    point = undefined;
    reached.resolve(step);
    await ended.promise;
    return false;
  }

  const server = createServer((request, response) => {
    void text(request)
      .then(pass)
      .then(
        (continues) => (continues ? response.writeHead(204).end() : response.destroy()),
        () => response.destroy(),
      );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  whenDone(async () => {
    server.close();
    server.closeAllConnections();
  });

  return {
    /** Makes the consumer report its steps. */
    entry: {
      module: readFileSync(path.join(import.meta.dirname, "reported-steps.mjs"), "utf8"),
      vars: { STEPS_URL: `http://127.0.0.1:${address.port}` },
    },
    pass,
    /** Holds the gateway at a point. @returns the step, once it is held there */
    async holdAt(next: Point): Promise<string> {
      reached = Promise.withResolvers();
      ended = Promise.withResolvers();
      passed = 0;
      point = next;
      const hang = setTimeout(
        () => reached.reject(new Error(`it never reached ${next.step} number ${next.nth}`)),
        patienceMs(),
      );
      return reached.promise.finally(() => clearTimeout(hang));
    },
    /** Ends the step that is held, because the gateway is gone. */
    end: () => ended.resolve(),
  };
}
