/** Redis and PostgreSQL, each in a folder of its own on a free port, with Debian's defaults and every write synced. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { Redis } from "ioredis";
import pg from "pg";

export interface Service {
  readonly url: string;
  stop(): Promise<void>;
}

const MISSING = "is missing. On Debian: apt-get install redis-server postgresql";
const START_TIMEOUT_MS = 30_000;

/** Where Debian keeps what is not on the path. The newest version is the last. */
const PLACES = [...(process.env.PATH ?? "").split(":").toReversed(), "/usr/lib/postgresql/*/bin"];

/** @throws if it is not installed */
function find(program: string): string {
  const found = PLACES.flatMap((place) => globSync(path.join(place, program)).toSorted()).at(-1);
  if (found === undefined) throw new Error(`${program} ${MISSING}`);
  return found;
}

/** @throws if a program is missing */
export const requireServices = (): unknown => ["redis-server", "initdb", "postgres"].map(find);

export async function startRedis(): Promise<Service> {
  const url = `redis://127.0.0.1:${await freePort()}`;
  const args = ["--port", new URL(url).port, "--bind", "127.0.0.1", "--save", ""];
  return start(
    find("redis-server"),
    [...args, "--appendonly", "yes", "--appendfsync", "always"],
    url,
    async () => {
      const redis = new Redis(url, { lazyConnect: true, retryStrategy: null });
      // Without a listener, ioredis prints that the server does not answer yet.
      redis.on("error", () => {});
      await redis.connect().finally(() => redis.disconnect());
    },
  );
}

export async function startPostgres(): Promise<Service> {
  const url = `postgresql://bench@127.0.0.1:${await freePort()}/postgres`;
  const initialize = (folder: string) =>
    execFileSync(find("initdb"), ["-D", folder, "-U", "bench", "-A", "trust", "-E", "UTF8"], {
      cwd: folder,
      env: localEnvironment(process.env),
      stdio: "ignore",
      ...account(),
    });
  const args = ["-D", ".", "-k", ".", "-h", "127.0.0.1", "-p", new URL(url).port];
  return start(find("postgres"), args, url, () => query(url, "SELECT 1"), initialize);
}

/** One statement on a connection of its own. */
export async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** PostgreSQL refuses to run as root. Debian's package makes this account. */
function account(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string) =>
    Number(
      execFileSync("id", [option, "postgres"], { encoding: "utf8", env: localEnvironment(process.env) }),
    );
  return { uid: id("-u"), gid: id("-g") };
}

async function start(
  program: string,
  args: readonly string[],
  url: string,
  probe: () => Promise<unknown>,
  initialize?: (folder: string) => unknown,
): Promise<Service> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "bench-peers-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const { uid, gid } = initialize === undefined ? {} : account();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  initialize?.(folder);
  const child = spawn(program, args, {
    cwd: folder,
    env: localEnvironment(process.env),
    stdio: "ignore",
    uid,
    gid,
  });
  const kill = () => {
    child.kill("SIGKILL");
    remove();
  };
  process.once("exit", kill);
  const ended = once(child, "exit");
  const stop = async () => {
    // PostgreSQL ends its connections.
    child.kill("SIGINT");
    await ended;
    process.off("exit", kill);
    remove();
  };
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await probe();
      return { url, stop };
    } catch (error) {
      if (child.exitCode !== null || performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
