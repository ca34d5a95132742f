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
  /** At most 1,000. @throws {ArchiveUnavailable} */
  delete(keys: readonly string[]): Promise<void>;
}

interface StoredObject {
  readonly body: ReadableStream;
  readonly httpMetadata?: { readonly contentEncoding?: string };
}

/** What is used of a bucket. */
export interface Bucket {
  put(key: string, value: ArrayBuffer, options?: typeof AS_JSON): Promise<unknown>;
  get(key: string): Promise<StoredObject | null>;
  delete(keys: string[]): Promise<void>;
}

/** Longer than R2 takes for 1 MiB. What hangs is given up, so that nothing waits for it. */
const TIMEOUT_MS = 10_000;
/** After a failure nothing is stored for this long: not every callback is to wait for an R2 that hangs. */
const REST_MS = 10_000;

/** A quarter of the size, which is what R2 bills for the longest. Objects of earlier versions are not compressed. */
const GZIP = "gzip";
const AS_JSON = { httpMetadata: { contentType: "application/json", contentEncoding: GZIP } };

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
      const value = await compress(json);
      try {
        await within(timeoutMs, () => bucket.put(key, value, AS_JSON));
      } catch (thrown) {
        restsUntilMs = now().getTime() + REST_MS;
        throw new ArchiveUnavailable(`R2: ${errorText(thrown)}`);
      }
    },
    async get(key) {
      try {
        return await within(timeoutMs, async () => textOf(await bucket.get(key)));
      } catch (thrown) {
        throw new ArchiveUnavailable(`R2: ${errorText(thrown)}`);
      }
    },
    async delete(keys) {
      try {
        await within(timeoutMs, () => bucket.delete([...keys]));
      } catch (thrown) {
        throw new ArchiveUnavailable(`R2: ${errorText(thrown)}`);
      }
    },
  };
}

const compress = (json: string): Promise<ArrayBuffer> =>
  new Response(new Response(json).body?.pipeThrough(new CompressionStream(GZIP))).arrayBuffer();

async function textOf(object: StoredObject | null): Promise<string | undefined> {
  if (object === null) return undefined;
  const { body, httpMetadata } = object;
  const isCompressed = httpMetadata?.contentEncoding === GZIP;
  return new Response(isCompressed ? body.pipeThrough(new DecompressionStream(GZIP)) : body).text();
}
