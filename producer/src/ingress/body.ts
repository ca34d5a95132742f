/** Request bodies, read once and only up to a limit. */
import { type BodyHold, MAX_UPLOAD_MS } from "./body-room.ts";

/** [GitHub's limit](https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap). */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** A client that pauses for this long while sending too much is waiting for its answer. */
const MAX_PAUSE_MS = 1_000;

/**
 * A body up to this size is read in one piece and needs no room: most deliveries are smaller, and they have to get
 * through while larger ones fill the room.
 */
const SMALL_BYTES = 128 * 1024;

/** Bodies are read in pieces of this size: the default, 4 KiB, takes four times as long. */
const PIECE_BYTES = 64 * 1024;

/** Why a body could not be read: larger than the limit, truncated or too slow, or other bodies fill the room. */
export type Unread = "too_large" | "broken_off" | "no_room";

type Reader = ReadableStreamBYOBReader;

/**
 * Reads a body. A small one with a `Content-Length` is read in one piece, since HTTP never delivers more than was
 * announced ([RFC 9112, 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3), [RFC 9113,
 * 8.1.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.1.1)).
 * @param hold the room for a body whose sender is not known yet. The caller releases it
 */
export async function readBody(
  request: Request,
  maxBytes: number,
  hold?: BodyHold,
): Promise<Uint8Array | Unread> {
  const announced = announcedBytes(request);
  // Without looking at `request.body`, for which the runtime makes a stream.
  if (announced !== undefined && announced <= Math.min(SMALL_BYTES, maxBytes))
    return readSmall(request, maxBytes);
  if (request.body === null) return new Uint8Array();
  if (announced !== undefined && announced > maxBytes) return refuseTooLarge(request.body, maxBytes);
  return readLarge(request.body, announced, maxBytes, hold);
}

async function readSmall(request: Request, maxBytes: number): Promise<Uint8Array | Unread> {
  try {
    const whole = new Uint8Array(await request.arrayBuffer());
    return whole.byteLength > maxBytes ? "too_large" : whole;
  } catch {
    return "broken_off";
  }
}

/**
 * Counts a body and keeps nothing of it.
 * @param answered the answer does not depend on the body: reading stops if the client pauses
 * @returns its length in bytes
 */
export async function discardBody(
  request: Request,
  maxBytes: number,
  answered = false,
): Promise<number | Unread> {
  if (request.body === null) return 0;
  const announced = announcedBytes(request);
  if (announced !== undefined && announced > maxBytes) return refuseTooLarge(request.body, maxBytes);
  const length = await discard(byteReader(request.body), { length: 0, maxBytes, answered });
  return length !== "broken_off" && length > maxBytes ? "too_large" : length;
}

const byteReader = (body: ReadableStream<Uint8Array>): Reader => body.getReader({ mode: "byob" });

/** Undefined if the length is not known. */
function announcedBytes(request: Request): number | undefined {
  const header = request.headers.get("content-length");
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}

async function refuseTooLarge(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<"too_large"> {
  await discard(byteReader(body), { length: 0, maxBytes, answered: true });
  return "too_large";
}

async function readLarge(
  body: ReadableStream<Uint8Array>,
  announced: number | undefined,
  maxBytes: number,
  hold: BodyHold | undefined,
): Promise<Uint8Array | Unread> {
  const reader = byteReader(body);
  const { promise: late, resolve } = Promise.withResolvers<"broken_off">();
  const timer = setTimeout(resolve, MAX_UPLOAD_MS, "broken_off" as const);
  try {
    const read = await Promise.race([readGrowing(reader, announced, maxBytes, hold), late]);
    if (read === "broken_off") await reader.cancel();
    if (typeof read !== "object" || read instanceof Uint8Array) return read;
    hold?.release();
    const sent = await discard(reader, { ...read, maxBytes, answered: true });
    return sent === "broken_off" || sent > maxBytes ? "too_large" : "no_room";
  } catch {
    return "broken_off";
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reads into a buffer that grows once the first part has arrived: to the announced length, or by doubling.
 * @returns a length if nothing is kept because the limit or the room ends there
 */
async function readGrowing(
  reader: Reader,
  announced: number | undefined,
  maxBytes: number,
  hold: BodyHold | undefined,
): Promise<Uint8Array | "broken_off" | { readonly length: number }> {
  let buffer = new ArrayBuffer(0);
  let length = 0;
  while (length <= maxBytes) {
    if (length === buffer.byteLength) {
      const more = announced === undefined ? length : Math.max(announced - length, PIECE_BYTES);
      const step = Math.min(length === 0 ? SMALL_BYTES : more, maxBytes + 1 - length);
      if (hold?.take(step) === false) break;
      // A transfer frees the smaller buffer at once, not at the next garbage collection.
      buffer = buffer.transfer(length + step);
    }
    // For a larger view, the runtime would hold what it has read a second time.
    const view = new Uint8Array(buffer, length, Math.min(PIECE_BYTES, buffer.byteLength - length));
    const { value, done } = await reader.readAtLeast(view.byteLength, view);
    if (value === undefined) return "broken_off";
    buffer = value.buffer;
    length += value.byteLength;
    if (done) return new Uint8Array(buffer, 0, length);
  }
  return { length };
}

/**
 * Reads and throws away. Up to twice the limit, because an answer does not reach a client that is still sending.
 * @returns how much was sent
 */
async function discard(
  reader: Reader,
  { length, maxBytes, answered }: { length: number; maxBytes: number; answered: boolean },
): Promise<number | "broken_off"> {
  let sent = length;
  let piece = new ArrayBuffer(PIECE_BYTES);
  try {
    while (sent <= 2 * maxBytes) {
      const reading = reader.read(new Uint8Array(piece));
      const part = answered || sent > maxBytes ? await unlessPaused(reading) : await reading;
      if (part === "paused") break;
      if (part.value !== undefined) {
        piece = part.value.buffer;
        sent += part.value.byteLength;
      }
      if (part.done) return sent;
    }
    await reader.cancel();
    return sent;
  } catch {
    return answered || sent > maxBytes ? sent : "broken_off";
  }
}

async function unlessPaused<Part>(reading: Promise<Part>): Promise<Part | "paused"> {
  const { promise: paused, resolve } = Promise.withResolvers<"paused">();
  const timer = setTimeout(resolve, MAX_PAUSE_MS, "paused" as const);
  try {
    return await Promise.race([reading, paused]);
  } finally {
    clearTimeout(timer);
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
