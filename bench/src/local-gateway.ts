/** Both Workers as they run locally (Miniflare's queues and D1), with a consumer that counts its operations. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createTestHarness } from "wrangler";
import { WEBHOOK_SECRET } from "./payload.ts";
import { ROOT } from "./worker-bundle.ts";

/** What the consumer has done since it started. */
export interface Operations {
  readonly statements: number;
  /** Round trips to D1: a batch is one. */
  readonly calls: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** Messages received, of every queue. */
  readonly received: number;
  /** Wake-ups sent. */
  readonly sent: number;
  readonly invocations: number;
}

export interface LocalGateway {
  readonly origin: string;
  readonly operations: () => Operations | undefined;
  /** Runs a statement, and reads its rows. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
  close(): Promise<void>;
}

const SECRETS = {
  GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
  GRAINCHAIN_CALLBACK_SECRET: "-",
  OPERATOR_TOKEN: "-",
  READER_TOKEN: "-",
};

/** The harness keeps every line until it is told to forget them: several for each delivery. */
const LOGS_READ_EVERY_MS = 1_000;

/** Starts both Workers, with nothing stored yet. */
export async function startLocalGateway(grainchainUrl: string): Promise<LocalGateway> {
  // Neither a line for each batch of the queue, nor a question to Cloudflare.
  process.env.WRANGLER_LOG ??= "warn";
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
  const folder = await mkdtemp(path.join(os.tmpdir(), "bench-gateway-"));
  const vars = { GRAINCHAIN_API_URL: grainchainUrl, CLOUDFLARE_WORKER_URL: "http://127.0.0.1:1" };
  const worker = { env: "development", secrets: SECRETS };
  const harness = createTestHarness({
    root: ROOT,
    workers: [
      { ...worker, configPath: path.join(ROOT, "wrangler.producer.toml") },
      { ...worker, configPath: await countingConfig(folder), vars },
    ],
  });
  let operations: Operations | undefined;
  const readLogs = () => {
    operations = lastOperations(harness.getLogs().map(({ message }) => message)) ?? operations;
    harness.clearLogs();
  };
  const reading = setInterval(readLogs, LOGS_READ_EVERY_MS);
  const close = async () => {
    clearInterval(reading);
    await harness.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { url } = await harness.listen();
    await harness.getWorker("webhook-gateway-producer-development").applyD1Migrations("DB");
    const readOperations = () => {
      readLogs();
      return operations;
    };
    return { origin: url.origin, operations: readOperations, query: openDatabase(url.origin), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The consumer's own configuration, with another entry. */
async function countingConfig(folder: string): Promise<string> {
  const config = await readFile(path.join(ROOT, "wrangler.consumer.toml"), "utf8");
  const entry = path.join(import.meta.dirname, "workers/counting-consumer.mjs");
  const written = config
    .replace(/^main = .*$/m, `main = ${JSON.stringify(entry)}`)
    .replaceAll(
      /^migrations_dir = .*$/gm,
      `migrations_dir = ${JSON.stringify(path.join(ROOT, "shared/migrations"))}`,
    );
  const file = path.join(folder, "wrangler.toml");
  await writeFile(file, written);
  return file;
}

function lastOperations(messages: readonly string[]): Operations | undefined {
  const line = messages.findLast((message) => message.includes('"bench.operations"'));
  return line === undefined ? undefined : (JSON.parse(line.slice(line.indexOf("{"))) as Operations);
}

/** Miniflare's own API: the harness's D1 binding blocks this process at every statement. */
function openDatabase(origin: string): LocalGateway["query"] {
  const api = `${origin}/cdn-cgi/local/explorer/api/d1/database`;
  return async (sql) => {
    const { result } = (await (await fetch(api)).json()) as { result: { name: string; uuid: string }[] };
    const uuid = result.find(({ name }) => name === "DB")?.uuid;
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify({ sql }) };
    const answer = (await (await fetch(`${api}/${uuid}/raw`, request)).json()) as RawAnswer;
    if (answer.result === null) throw new Error(answer.errors.map(({ message }) => message).join("; "));
    return answer.result[0]?.results.rows ?? [];
  };
}

interface RawAnswer {
  readonly errors: readonly { readonly message: string }[];
  readonly result: readonly { readonly results: { readonly rows: readonly (readonly unknown[])[] } }[] | null;
}
