/** What is compared: each answers deliveries, in a process of its own. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { WEBHOOK_SECRET } from "../payload.ts";
import { type BundledModule, bundleWorker } from "../worker-bundle.ts";
import { type Running, startServer } from "./server.ts";
import { startWorkerd } from "./workerd.ts";

export interface Contender {
  readonly name: string;
  /** For the report: what it does for a delivery before it answers. */
  readonly does: string;
  readonly isWorker: boolean;
  /** Starts it on a free port of the loopback interface. @param under the command that runs it, of a Worker */
  start(under?: readonly string[]): Promise<Running>;
}

/** Ratios are taken against it. */
export const FLOOR = "floor";

/** In the order of the report. Bundles the producer once. */
export async function listContenders(): Promise<readonly Contender[]> {
  const floor = await readWorker("floor");
  const parsingFloor = await readWorker("parsing-floor");
  const sink = await readWorker("sink");
  const producer = await bundleWorker("producer");
  const workerd = (name: string, does: string, modules: readonly BundledModule[]): Contender => ({
    name,
    does,
    isWorker: true,
    start: (under) => startWorkerd(modules, sink, under),
  });
  return [
    workerd(FLOOR, "bare Worker: reads the body, one HMAC, one queue send", [floor]),
    workerd("parsing-floor", "the floor, and JSON.parse", [parsingFloor, floor]),
    workerd("producer", "this gateway's producer, bundled as for production", producer),
    node("octokit-webhooks", "@octokit/webhooks' Node middleware, a handler that does nothing; no queue"),
    node("probot", "Probot, a handler that does nothing; no queue"),
  ];
}

const fileIn = (...names: string[]): string => path.join(import.meta.dirname, ...names);

const readWorker = async (name: string): Promise<BundledModule> => ({
  name: `${name}.mjs`,
  kind: "esModule",
  content: await readFile(fileIn("workers", `${name}.mjs`), "utf8"),
});

const node = (name: string, does: string): Contender => ({
  name,
  does,
  isWorker: false,
  start: () =>
    startServer(process.execPath, [fileIn("servers", `${name}.ts`)], {
      NODE_OPTIONS: "",
      NODE_ENV: "production",
      WEBHOOK_SECRET,
    }),
});
