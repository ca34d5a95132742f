/** Builds the simulation and starts it in workerd, which has D1's SQLite. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { runWrangler } from "../../tools/local/wrangler.ts";
import { childrenOf } from "../system/processes.ts";

/** What workerd has used; on Linux, elsewhere only the time. */
export interface Usage {
  readonly peakMegabytes: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

export interface Workerd {
  ask<Answer>(what: string, body?: unknown): Promise<Answer>;
  usage(): Usage;
  stop(): Promise<void>;
}

const CONFIG = path.join(import.meta.dirname, "wrangler.toml");
const ENTRY = "worker.js";
const CLASS = "Simulation";
/** What the Workers import of the platform. */
const PLATFORM = path.join(import.meta.dirname, "machine/cloudflare-workers.mjs");

/**
 * Collects garbage without threads of its own, because the other half of the day needs that core, and all of it only
 * when the heap has grown a lot: V8 then drops much of the code that it has compiled. Miniflare has no option for it.
 */
process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--single-threaded-gc --heap-growing-percent=1500";

let started: Promise<unknown> = Promise.resolve();

/** One after the other: a process that appears meanwhile is the one that is started. */
export function startWorkerd(): Promise<Workerd> {
  const starting = started.then(start);
  started = starting.catch(() => {});
  return starting;
}

async function start(): Promise<Workerd> {
  const startedMs = performance.now();
  const folder = mkdtempSync(path.join(tmpdir(), "simulation-"));
  let miniflare: Miniflare | undefined;
  const stop = async () => {
    await miniflare?.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const modules = await bundled();
    const others = childrenOf(process.pid);
    const running = new Miniflare(
      convertV4MiniflareOptions({
        name: "simulation",
        modules: modules.map(({ name, ...module }) => ({ ...module, path: path.join(folder, name) })),
        modulesRoot: folder,
        compatibilityDate: "2026-11-01",
        compatibilityFlags: ["nodejs_als"],
        durableObjects: { SIMULATION: { className: CLASS, useSQLite: true } },
        resourcePersistencePath: path.join(folder, "state"),
        cf: false,
        log: new Log(LogLevel.NONE),
        telemetry: { enabled: false },
      }),
    );
    miniflare = running;
    await running.ready;
    const pid = childrenOf(process.pid).find((child) => !others.includes(child));
    return {
      async ask<Answer>(what: string, body?: unknown) {
        const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
        const response = await running.dispatchFetch(`http://simulation.test/${what}`, init);
        if (!response.ok) throw new Error(`the simulation failed: ${await response.text()}`);
        return (await response.json()) as Answer;
      },
      usage: () => ({ ...usageOf(pid), seconds: (performance.now() - startedMs) / 1000 }),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

interface Module {
  readonly type: "ESModule" | "Text";
  readonly name: string;
  readonly contents: string;
}

let bundling: Promise<readonly Module[]> | undefined;

/** Takes seconds: once for all that are started. */
function bundled(): Promise<readonly Module[]> {
  bundling ??= bundle();
  return bundling;
}

async function bundle(): Promise<readonly Module[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "simulation-"));
  try {
    const { code, output } = await runWrangler(["deploy", "--dry-run", "--outdir", folder, "-c", CONFIG]);
    if (code !== 0) throw new Error(`the simulation could not be built:\n${output}`);
    const read = (name: string) => readFileSync(path.join(folder, name), "utf8");
    const entry = read(ENTRY).replaceAll('"cloudflare:workers"', `"./${path.basename(PLATFORM)}"`);
    const texts = readdirSync(folder).filter((name) => name !== ENTRY && !/\.map$|^README/.test(name));
    return [
      { type: "ESModule", name: ENTRY, contents: entry },
      { type: "ESModule", name: path.basename(PLATFORM), contents: readFileSync(PLATFORM, "utf8") },
      ...texts.map((name) => ({ type: "Text" as const, name, contents: read(name) })),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const CLOCK_TICKS_A_SECOND = 100;

function usageOf(pid: number | undefined): Pick<Usage, "peakMegabytes" | "cpuSeconds"> {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const [user = 0, system = 0] =
      readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ").slice(11, 13).map(Number) ?? [];
    return {
      peakMegabytes: Number(kilobytes ?? 0) / 1024,
      cpuSeconds: (user + system) / CLOCK_TICKS_A_SECOND,
    };
  } catch {
    return { peakMegabytes: 0, cpuSeconds: 0 };
  }
}
