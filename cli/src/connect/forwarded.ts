/** Which deliveries of an App were forwarded: one GUID a line, so that a run that was stopped continues. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { GatewayError } from "../exit.ts";
import { errorCode, readTextFile } from "../input/text-file.ts";

export interface Forwarded {
  /** Older deliveries are left to the gateway's own recovery. */
  readonly since: string;
  has(guid: string): boolean;
  add(guid: string): void;
}

/** Clocks may differ. */
const SLACK_MS = 5 * 60_000;

/** @param stateDir where the local gateway keeps its database @throws GatewayError */
export function openForwarded(stateDir: string, appId: string, now: Date): Forwarded {
  const file = path.join(stateDir, "forwarded", `${appId.replaceAll(/\D/g, "")}.txt`);
  const known =
    readTextFile(file, file)
      ?.split("\n")
      .filter((line) => line !== "") ?? [];
  const [since = new Date(now.getTime() - SLACK_MS).toISOString(), ...guids] = known;
  const forwarded = new Set(guids);
  write(file, () => {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    if (known.length === 0) writeFileSync(file, `${since}\n`, { mode: 0o600 });
  });
  return {
    since,
    has: (guid) => forwarded.has(guid),
    add(guid) {
      forwarded.add(guid);
      write(file, () => appendFileSync(file, `${guid}\n`));
    },
  };
}

function write(file: string, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    throw new GatewayError(`${file} cannot be written (${errorCode(thrown)})`);
  }
}
