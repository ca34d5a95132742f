/** The options that the projects of Vitest share. */
import type { InlineConfig } from "vitest/node";
import { patienceMs } from "./patience.ts";

/** Ends a hang that nothing else ends: what a test waits for has limits of its own. One test runs Wrangler a dozen times. */
const HANG_MS = 600_000;

/** For every project. The limits only end hangs, and decide no test. */
export const projectOptions = {
  testTimeout: HANG_MS,
  hookTimeout: HANG_MS,
  expect: { poll: { timeout: patienceMs() * (process.env.SOAK === "1" ? 20 : 1) } },
  // Many tests wait more than they compute. (Vitest's default is one less than the number of cores, and if
  // projects differ in it, it runs them one after the other.)
  maxWorkers: 4,
} satisfies InlineConfig;

/** For projects whose files can share a process or a workerd, so that each module is loaded once. */
export const sharingOptions = {
  ...projectOptions,
  isolate: false,
  // Stubs end with their test.
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
} satisfies InlineConfig;
