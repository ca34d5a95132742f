/** Request bodies, read once and only up to a limit. */

/** GitHub sends no larger payload (docs 2026-11); Grainchain's callbacks share the limit. */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** Why there is no body: it has more bytes than the limit, or the client ended it before its end. */
export type Unread = "too_large" | "broken_off";

/**
 * Reads a body while counting, so that no `Content-Length`, or a false one, lets more in. Of one that is too large as
 * much again is read and thrown away: an answer does not reach a client that is still sending.
 */
export async function readBody(request: Request, maxBytes = MAX_BODY_BYTES): Promise<Uint8Array | Unread> {
  if (request.body === null) return new Uint8Array();
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let tooLarge = Number(request.headers.get("content-length")) > maxBytes;
  try {
    for (;;) {
      const { done, value } = await reader.read();
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

/**
 * The text of a body that is UTF-8; a byte order mark is left out.
 * @returns undefined where it is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Undefined where the text is no JSON; JSON itself cannot say undefined. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
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
