/** A D1 with the gateway's schema: Wrangler's local one, which is workerd's SQLite behind D1's own interface. */
import path from "node:path";
import type { D1Database } from "@cloudflare/workers-types";
import {
  deleteValidations,
  loadOldValidations,
} from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { CHUNK, deleteChunk, type Horizons } from "@webhook-gateway/shared/store/maintain/retention.ts";
import { createTestHarness } from "wrangler";
import { ROOT } from "./worker-bundle.ts";

const SECRETS = ["GITHUB_WEBHOOK_SECRET", "GRAINCHAIN_CALLBACK_SECRET", "OPERATOR_TOKEN", "READER_TOKEN"];

/** The producer has the database; nothing is ever asked of the producer itself. */
const PRODUCER = {
  configPath: path.join(ROOT, "wrangler.producer.toml"),
  env: "development",
  secrets: Object.fromEntries(SECRETS.map((name) => [name, "-"])),
};

/** Runs something with an empty, migrated database that is gone afterwards. */
export async function withDatabase<Result>(run: (db: D1Database) => Promise<Result>): Promise<Result> {
  const harness = createTestHarness({ root: ROOT, workers: [PRODUCER] });
  try {
    await harness.listen();
    const worker = harness.getWorker<{ DB: D1Database }>();
    await worker.applyD1Migrations("DB");
    return await run((await worker.getEnv()).DB);
  } finally {
    await harness.close();
  }
}

export const sizeOf = async (db: D1Database): Promise<number> =>
  (await db.prepare("SELECT 1").all()).meta.size_after;

/** A chunk of every kind, as retention deletes it without an archive. @returns the most that any kind had */
export async function deleteRound(db: D1Database, horizons: Horizons): Promise<number> {
  const old = await loadOldValidations(db, horizons, CHUNK);
  await deleteValidations(db, old, horizons.deliveriesBefore);
  return Math.max(old.length, (await deleteChunk(db, horizons)).most);
}
