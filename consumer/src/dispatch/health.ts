/**
 * While Grainchain is unavailable, it is asked for its health every minute, which costs no validation an attempt. Once it
 * is up again, dispatch goes on at once, and not only when the gate's growing delay is over.
 */
import { gateAfterHealth } from "@webhook-gateway/shared/domain/gate.ts";
import { loadDispatchSettings, replaceGate } from "@webhook-gateway/shared/store/settings.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import type { Grainchain } from "./grainchain.ts";

export interface HealthDeps {
  readonly db: D1Database;
  readonly grainchain: Grainchain;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** @returns whether there may be something to dispatch now */
export async function watchHealth({ db, grainchain, log, now, newId }: HealthDeps): Promise<boolean> {
  const { gate } = await loadDispatchSettings(db);
  if (gate.state === "open" || gate.reason !== "unavailable") return false;
  const isUp = await grainchain.health(newId());
  const nowMs = now().getTime();
  const next = gateAfterHealth(gate, isUp, nowMs);
  // What was sent meanwhile says more.
  if (next === undefined || !(await replaceGate(db, gate, next, isoTime(nowMs)))) return false;
  log.info("grainchain.health", { outcome: isUp ? "up" : "down" });
  return isUp;
}
