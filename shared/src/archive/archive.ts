/**
 * The archive: an R2 bucket for what is too large for D1, or too old. An environment may lack it; then everything is in D1.
 */
import { errorText } from "../telemetry/log.ts";
import { within } from "../time/within.ts";
import { ArchiveUnavailable } from "./archive-unavailable.ts";

export interface Archive {
  /** @throws {ArchiveUnavailable} if it is not stored, or not in time */
  put(key: string, json: string): Promise<void>;
  /** @returns undefined if there is no such object. @throws {ArchiveUnavailable} if it cannot be read, or not in time */
  get(key: string): Promise<string | undefined>;
}

/** What is used of a bucket. */
export interface Bucket {
  put(key: string, value: string, options?: typeof AS_JSON): Promise<unknown>;
  get(key: string): Promise<{ text(): Promise<string> } | null>;
}

/** Longer than R2 takes for 1 MiB. What hangs is given up, so that nothing waits for it. */
const TIMEOUT_MS = 10_000;
/** After a failure nothing is stored for this long: not every callback is to wait for an R2 that hangs. */
const REST_MS = 10_000;

const AS_JSON = { httpMetadata: { contentType: "application/json" } };

interface ArchiveOptions {
  readonly now: () => Date;
  readonly timeoutMs?: number;
}

/** @param bucket undefined if the environment has none */
export function createArchive(
  bucket: Bucket | undefined,
  { now, timeoutMs = TIMEOUT_MS }: ArchiveOptions,
): Archive | undefined {
  if (bucket === undefined) return undefined;
  let restsUntilMs = 0;
  return {
    async put(key, json) {
      if (now().getTime() < restsUntilMs) throw new ArchiveUnavailable("R2 has just failed");
      try {
        await within(timeoutMs, () => bucket.put(key, json, AS_JSON));
      } catch (thrown) {
        restsUntilMs = now().getTime() + REST_MS;
        throw new ArchiveUnavailable(`R2: ${errorText(thrown)}`);
      }
    },
    async get(key) {
      try {
        return await within(timeoutMs, async () => (await bucket.get(key))?.text());
      } catch (thrown) {
        throw new ArchiveUnavailable(`R2: ${errorText(thrown)}`);
      }
    },
  };
}
