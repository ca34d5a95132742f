/** What everything that speaks to a sandbox service shares: whom it speaks to, how it closes, and how it fails. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import type { ServiceName } from "./provider-name.ts";
import type { RemoteClient } from "./remote-client.ts";
import { ProviderError } from "./sandbox-provider.ts";

const CLOSE_TRIES = 3;
const MAX_ERROR_CHARACTERS = 300;

export type RemoteService = {
  name: ServiceName;
  client: RemoteClient;
  /** Cut out of what the service says. */
  apiKey: string;
  log: Log;
  /** Before the first repetition of closing; it doubles from there. */
  backoffMs: number;
};

/** Closes sandboxes. @returns how many; undefined if one may be left */
export async function closeAll(
  { backoffMs }: RemoteService,
  find: () => Promise<readonly { close(): Promise<void> }[]>,
): Promise<number | undefined> {
  for (let tries = 0; tries < CLOSE_TRIES; tries += 1) {
    if (tries > 0) await sleep(backoffMs * 2 ** (tries - 1));
    try {
      const found = await find();
      await Promise.all(found.map((one) => one.close()));
      return found.length;
    } catch {
      // Tried again; in the end, the service closes it when its time is over.
    }
  }
  return undefined;
}

/** What the service says, in one short line without the key. */
export function explain({ name, apiKey }: RemoteService, problem: string, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const said = error instanceof Error ? error.message : "unknown error";
  const line = said.replaceAll(apiKey, "[key]").replaceAll(/\s+/g, " ").trim();
  return new ProviderError(`${name} ${problem}: ${line.slice(0, MAX_ERROR_CHARACTERS)}`);
}
