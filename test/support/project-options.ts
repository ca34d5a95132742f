/** What the projects of Vitest have in common. */
import type { InlineConfig } from "vitest/node";
import { patienceMs } from "./patience.ts";

const limitMs = patienceMs() * (process.env.SOAK === "1" ? 20 : 1);

/** For every project. Limits end what hangs; nothing is judged by them. */
export const projectOptions = {
  testTimeout: limitMs,
  hookTimeout: limitMs,
  expect: { poll: { timeout: limitMs } },
  // Many wait for something more than they compute. (Vitest's own number is one less than there are cores, and if
  // projects differ in it, it runs one after the other.)
  maxWorkers: 3,
} satisfies InlineConfig;

/** For projects whose files can share a process or a workerd, where each module is read once. */
export const sharingOptions = {
  ...projectOptions,
  isolate: false,
  // What a test stubs ends with it.
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
} satisfies InlineConfig;
