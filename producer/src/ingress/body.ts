/** Request bodies, read once and only up to a limit. */

/** [GitHub's limit](https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap); callbacks share it. */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** A client that pauses for this long while sending too much is waiting for its answer. */
const MAX_PAUSE_MS = 1_000;

/** Why a body could not be read: it is larger than the limit, or it was truncated. */
export type Unread = "too_large" | "broken_off";

/**
 * Reads a body. With a `Content-Length` it is read in one piece, since HTTP never delivers more than was announced ([RFC
 * 9112, 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3), [RFC 9113,
 * 8.1.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.1.1)); without one, its bytes are counted while it is read.
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
 * Reading in chunks is only for bodies of unknown length: each read costs about as much as parsing a small payload. If a
 * body is too large, up to twice the limit is read and thrown away, because an answer does not reach a client that is
 * still sending.
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
 * @returns undefined if it is not UTF-8
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
    // A character that is cut off at the end is not valid.
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
