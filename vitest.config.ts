import { defineConfig } from "vitest/config";
import { projectOptions, sharingOptions } from "./test/support/project-options.ts";
import { LongestFirst } from "./test/support/sequencer.ts";

// One project a tier: pure tables and programs in Node, each Worker in workerd, both Workers end to end.
export default defineConfig({
  test: {
    // What the Workers and Wrangler print is shown for a test that fails.
    silent: "passed-only",
    sequence: { sequencer: LongestFirst },
    // How much is tried, and what (test/support/amount.ts).
    provide: { amount: { soak: process.env.SOAK === "1", seed: Number(process.env.SEED || 20_261_124) } },
    projects: [
      "producer/vitest.config.ts",
      "consumer/vitest.config.ts",
      { test: { ...sharingOptions, name: "shared", include: ["shared/test/**/*.test.ts"] } },
      { test: { ...sharingOptions, name: "grainchain", include: ["grainchain/test/**/*.test.ts"] } },
      {
        test: {
          ...sharingOptions,
          name: "cli",
          include: [
            "{cli,tools,bench}/test/**/*.test.ts",
            "test/{events,github,platform,versions}/test/*.test.ts",
          ],
          globalSetup: ["test/system/directory-setup.ts"],
        },
      },
      {
        test: {
          ...projectOptions,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/github/global-setup.ts", "test/system/directory-setup.ts"],
        },
      },
      {
        test: {
          ...projectOptions,
          name: "faults",
          include: ["test/{faults,simulation}/**/*.test.ts"],
          globalSetup: ["test/faults/support/built-workers.ts"],
          // Some of them start and kill the gateway dozens of times.
          testTimeout: 1_200_000,
        },
      },
    ],
  },
});
