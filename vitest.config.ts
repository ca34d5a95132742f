import { defineConfig } from "vitest/config";

// One project a tier: pure tables and programs in Node, each Worker in workerd, both Workers end to end. They share
// three workers: many wait for a gateway more than they compute. (Vitest's own number is one less than there are cores,
// and where projects differ in it, it runs one after the other.)
const maxWorkers = 3;

/** Files share a process, and each module is read once. What a test stubs ends with it. */
const inOneProcess = {
  isolate: false,
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
} as const;

export default defineConfig({
  test: {
    // What the Workers and Wrangler print is shown for a test that fails.
    silent: "passed-only",
    // How much is tried, and what (cli/test/support/amount.ts).
    provide: { amount: { soak: process.env.SOAK === "1", seed: Number(process.env.SEED || 20_261_124) } },
    projects: [
      "producer/vitest.config.ts",
      "consumer/vitest.config.ts",
      {
        test: {
          ...inOneProcess,
          name: "shared",
          include: ["shared/test/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers,
        },
      },
      {
        test: {
          ...inOneProcess,
          name: "grainchain",
          include: ["grainchain/test/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers,
        },
      },
      {
        test: {
          ...inOneProcess,
          name: "cli",
          include: ["cli/test/**/*.test.ts"],
          exclude: ["cli/test/e2e/**", "cli/test/faults/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["cli/test/e2e/**/*.test.ts"],
          globalSetup: ["cli/test/github/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: "faults",
          include: ["cli/test/faults/**/*.test.ts"],
          globalSetup: ["cli/test/faults/support/built-workers.ts"],
          // These end a hang that nothing else ends: what a test waits for has its own limits.
          testTimeout: 1_200_000,
          hookTimeout: 600_000,
          maxWorkers,
        },
      },
    ],
  },
});
