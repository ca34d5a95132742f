/** `GET /health`: the state of what this Worker depends on, without a call to Grainchain. */
import { loadDispatchSettings } from "@webhook-gateway/shared/store/settings.ts";
import { VERSION } from "@webhook-gateway/shared/version.ts";

type CheckStatus = "ok" | "degraded" | "failed" | "unknown";
interface Check {
  readonly status: CheckStatus;
  readonly detail?: string;
}

export interface Health {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly service: "webhook-gateway";
  readonly version: string;
  readonly environment: string;
  readonly timestamp: string;
  readonly checks: Readonly<Record<"api" | "database" | "queue" | "grainchain", Check>>;
}

/** An answer is reused for this long, so that the route cannot be used to overload D1. */
const CACHE_MS = 5_000;

/** The result of the last send. A queue has no health check of its own. */
export interface QueueWitness {
  readonly lastSend: "ok" | "failed" | undefined;
}

/** A health check with its cache. */
export function createHealth(deps: {
  readonly db: D1Database;
  readonly queue: QueueWitness;
  readonly environment: string;
  readonly now: () => Date;
}): () => Promise<Health> {
  let cached: { readonly health: Health; readonly until: number } | undefined;
  return async () => {
    const now = deps.now();
    if (cached !== undefined && now.getTime() < cached.until) return cached.health;
    const { database, grainchain } = await checkDatabase(deps.db, now.toISOString());
    const checks = { api: { status: "ok" }, database, queue: checkQueue(deps.queue), grainchain } as const;
    const health: Health = {
      status: overall(checks),
      service: "webhook-gateway",
      version: VERSION,
      environment: deps.environment,
      timestamp: now.toISOString(),
      checks,
    };
    cached = { health, until: now.getTime() + CACHE_MS };
    return health;
  };
}

async function checkDatabase(db: D1Database, now: string): Promise<{ database: Check; grainchain: Check }> {
  try {
    const { gate, seen } = await loadDispatchSettings(db);
    return { database: { status: "ok" }, grainchain: checkGrainchain(gate, seen, now) };
  } catch {
    return {
      database: { status: "failed", detail: "D1 did not respond" },
      grainchain: { status: "unknown", detail: "the last known state is stored in D1" },
    };
  }
}

type Settings = Awaited<ReturnType<typeof loadDispatchSettings>>;

function checkGrainchain(gate: Settings["gate"], seen: Settings["seen"], now: string): Check {
  if (gate.state === "closed") {
    const status = gate.reason === "backpressure" ? "degraded" : "failed";
    const next = gate.until > now ? `; next try ${gate.until}` : "";
    return { status, detail: `dispatch has been paused since ${gate.since}: ${gate.reason}${next}` };
  }
  if (seen === undefined) return { status: "unknown", detail: "nothing has been dispatched yet" };
  const detail = `last seen ${seen.at}`;
  return seen.outcome === "ok"
    ? { status: "ok", detail }
    : { status: "degraded", detail: `${detail}: ${seen.outcome}` };
}

function checkQueue({ lastSend }: QueueWitness): Check {
  if (lastSend === "failed") return { status: "failed", detail: "the last message was refused" };
  return { status: "ok" };
}

/** Without D1 or the queue, deliveries cannot be processed; without Grainchain, they wait. */
function overall(checks: Health["checks"]): Health["status"] {
  if (checks.database.status === "failed" || checks.queue.status === "failed") return "unhealthy";
  const { status } = checks.grainchain;
  return status === "failed" || status === "degraded" ? "degraded" : "healthy";
}
