/** Request bodies, read once and only up to a limit. */

/** GitHub sends no larger payload (docs 2026-11); Grainchain's callbacks share the limit. */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** A client that pauses for so long in the middle of too much is waiting for its answer. */
const MAX_PAUSE_MS = 1_000;

/** Why there is no body: it has more bytes than the limit, or the client ended it before its end. */
export type Unread = "too_large" | "broken_off";

/**
 * Reads a body. With a `Content-Length` it comes in one piece, since HTTP lets no more through than was announced (RFC
 * 9112, 6.3; RFC 9113, 8.1.1); without one it is counted while it comes.
 */
export async function readBody(request: Request, maxBytes = MAX_BODY_BYTES): Promise<Uint8Array | Unread> {
  if (request.body === null) return new Uint8Array();
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  if (announced > maxBytes) return readCounting(request.body, maxBytes, true);
  if (Number.isNaN(announced)) return readCounting(request.body, maxBytes, false);
  try {
    const whole = new Uint8Array(await request.arrayBuffer());
    return whole.byteLength > maxBytes ? "too_large" : whole;
  } catch {
    return "broken_off";
  }
}

/**
 * Each read of a chunk costs about as much as all of JSON.parse for a small payload: not for every delivery. Of a body
 * that is too large as much again is read and thrown away, while it comes: an answer does not reach a client that is still sending.
 */
async function readCounting(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  announcedTooLarge: boolean,
): Promise<Uint8Array | Unread> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let tooLarge = announcedTooLarge;
  try {
    for (;;) {
      const part = tooLarge ? await readUnlessPaused(reader) : await reader.read();
      if (part === "paused") break;
      const { done, value } = part;
      if (done) return tooLarge ? "too_large" : join(chunks, length);
      length += value.byteLength;
      tooLarge ||= length > maxBytes;
      if (tooLarge) chunks.length = 0;
      else chunks.push(value);
      if (length > 2 * maxBytes) break;
    }
    await reader.cancel();
    return "too_large";
  } catch {
    return tooLarge ? "too_large" : "broken_off";
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * The text of a body that is UTF-8; a byte order mark is left out.
 * @returns undefined where it is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const UTF8_CHUNK_BYTES = 64 * 1024;

/** Whether bytes are UTF-8, without a text of them all: that of 25 MiB can take twice as much. */
export function isUtf8(bytes: Uint8Array): boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  try {
    for (let at = 0; at < bytes.byteLength; at += UTF8_CHUNK_BYTES) {
      decoder.decode(bytes.subarray(at, at + UTF8_CHUNK_BYTES), { stream: true });
    }
    // A character that the end cuts off is none.
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

async function readUnlessPaused<Chunk>(
  reader: ReadableStreamDefaultReader<Chunk>,
): Promise<ReadableStreamReadResult<Chunk> | "paused"> {
  const { promise: paused, resolve } = Promise.withResolvers<"paused">();
  const timer = setTimeout(resolve, MAX_PAUSE_MS, "paused" as const);
  try {
    return await Promise.race([reader.read(), paused]);
  } finally {
    clearTimeout(timer);
  }
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
