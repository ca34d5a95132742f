/** `GET /health`: the state of what this Worker depends on, without a call to Grainchain. */
import {
  databaseSizeText,
  FILLING_PERCENT,
  FULL_PERCENT,
  fullPercent,
  NO_ROOM_PERCENT,
} from "@webhook-gateway/shared/domain/database-size.ts";
import { loadDispatchSettings } from "@webhook-gateway/shared/store/settings.ts";
import { VERSION } from "@webhook-gateway/shared/version.ts";
import { createSharedAnswers, type SharedAnswerDeps } from "./shared-answer.ts";

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
  readonly checks: Readonly<Record<"api" | "database" | "queue" | "grainchain" | "consumer", Check>>;
}

/** Result of the last send. A queue has no health check of its own. */
export interface QueueObservation {
  readonly lastSend: "ok" | "failed" | undefined;
  /** The oldest message in the queue when it was sent to; undefined if the queue did not say. */
  readonly oldestMessage: { readonly sentAt: Date; readonly seenAt: Date } | undefined;
}

/** The consumer's cron runs every minute. */
const SILENT_DEGRADED_MS = 3 * 60_000;
const SILENT_FAILED_MS = 15 * 60_000;
/** A message that waits for longer was not taken by any consumer. */
const OLD_MESSAGE_MS = 2 * 60_000;
/** The result of a send is valid for this long. */
const SEND_VALID_MS = 60_000;

interface HealthDeps extends SharedAnswerDeps {
  readonly db: D1Database;
  readonly queue: QueueObservation;
  readonly environment: string;
}

/** A health check that reads D1 once, however many ask at once. */
export function createHealth(deps: HealthDeps): () => Promise<Health> {
  const share = createSharedAnswers<Health>(deps);
  return () => share("", () => checkHealth(deps));
}

async function checkHealth({ db, queue, environment, now: clock }: HealthDeps): Promise<Health> {
  const now = clock();
  const stored = await checkDatabase(db, queue, now);
  const checks = { api: { status: "ok" }, queue: checkQueue(queue), ...stored } as const;
  return {
    status: overall(checks),
    service: "webhook-gateway",
    version: VERSION,
    environment,
    timestamp: now.toISOString(),
    checks,
  };
}

async function checkDatabase(
  db: D1Database,
  queue: QueueObservation,
  now: Date,
): Promise<Pick<Health["checks"], "database" | "grainchain" | "consumer">> {
  try {
    const { gate, seen, consumerSeenAt, databaseBytes } = await loadDispatchSettings(db);
    const database = checkDatabaseSize(databaseBytes);
    return {
      database,
      grainchain: checkGrainchain(gate, seen, now.toISOString()),
      consumer:
        database.status === "failed"
          ? { status: "unknown", detail: "a full database does not store when its cron ran" }
          : checkConsumer(consumerSeenAt, queue, now.getTime()),
    };
  } catch {
    const unknown = { status: "unknown", detail: "the last known state is stored in D1" } as const;
    return {
      database: { status: "failed", detail: "D1 did not respond" },
      grainchain: unknown,
      consumer: unknown,
    };
  }
}

function checkDatabaseSize(bytes: number): Check {
  const percent = fullPercent(bytes);
  if (percent <= FILLING_PERCENT) return { status: "ok" };
  if (percent > NO_ROOM_PERCENT) {
    const detail = `full: ${databaseSizeText(bytes)}. What arrives waits in the queue until there is room`;
    return { status: "failed", detail };
  }
  return { status: percent > FULL_PERCENT ? "degraded" : "ok", detail: databaseSizeText(bytes) };
}

function checkConsumer(
  seenAt: string | undefined,
  { oldestMessage }: QueueObservation,
  nowMs: number,
): Check {
  const silentMs = seenAt === undefined ? 0 : nowMs - Date.parse(seenAt);
  if (silentMs > SILENT_FAILED_MS) return { status: "failed", detail: `its cron last ran ${seenAt}` };
  const believed = oldestMessage !== undefined && nowMs - oldestMessage.seenAt.getTime() < SEND_VALID_MS;
  if (believed && nowMs - oldestMessage.sentAt.getTime() > OLD_MESSAGE_MS) {
    const detail = `a message has been in the queue since ${oldestMessage.sentAt.toISOString()}`;
    return { status: "degraded", detail };
  }
  if (seenAt === undefined) return { status: "unknown", detail: "its cron has not run yet" };
  const detail = `its cron last ran ${seenAt}`;
  return { status: silentMs > SILENT_DEGRADED_MS ? "degraded" : "ok", detail };
}

type Settings = Awaited<ReturnType<typeof loadDispatchSettings>>;

function checkGrainchain(gate: Settings["gate"], seen: Settings["seen"], now: string): Check {
  if (gate.state === "closed") {
    const status = gate.reason === "backpressure" ? "degraded" : "failed";
    const next = gate.until > now ? `; next try ${gate.until}` : "";
    return { status, detail: `Grainchain's gate has been closed since ${gate.since}: ${gate.reason}${next}` };
  }
  if (seen === undefined) return { status: "unknown", detail: "nothing has been dispatched yet" };
  const detail = `last seen ${seen.at}`;
  return seen.outcome === "ok"
    ? { status: "ok", detail }
    : { status: "degraded", detail: `${detail}: ${seen.outcome}` };
}

function checkQueue({ lastSend }: QueueObservation): Check {
  if (lastSend === "failed") return { status: "failed", detail: "the last message was refused" };
  return { status: "ok" };
}

/** Without D1, the queue, or the consumer, deliveries cannot be processed; without Grainchain, they wait. */
function overall({ database, queue, grainchain, consumer }: Health["checks"]): Health["status"] {
  if ([database, queue, consumer].some(({ status }) => status === "failed")) return "unhealthy";
  const troubled = [database, grainchain, consumer].some(
    ({ status }) => status === "failed" || status === "degraded",
  );
  return troubled ? "degraded" : "healthy";
}
