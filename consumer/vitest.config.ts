import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { sharingOptions } from "../test/support/project-options.ts";

const root = path.join(import.meta.dirname, "..");

/** Not those of a `.dev.vars` that may be there. */
const SECRETS = { GRAINCHAIN_CALLBACK_SECRET: "test callback secret" };

export default defineConfig(async () => ({
  root,
  plugins: [
    cloudflareTest({
      wrangler: { configPath: path.join(root, "wrangler.consumer.toml"), environment: "development" },
      miniflare: {
        bindings: {
          ...SECRETS,
          TEST_MIGRATIONS: await readD1Migrations(path.join(root, "shared/migrations")),
        },
      },
    }),
  ],
  test: {
    // A workerd takes a second to start and to read its modules: files share one, each over an emptied database.
    ...sharingOptions,
    name: "consumer",
    include: ["consumer/test/**/*.test.ts"],
    globalSetup: ["test/github/global-setup.ts"],
    setupFiles: ["consumer/test/setup.ts"],
  },
}));
