/** Cursors of lists: opaque to clients, each names its list and the last row of its page. */
import * as v from "valibot";

/** The cursor was not made by this gateway, or not for this list. */
export class CursorError extends Error {
  override readonly name = "CursorError";
}

const cursorSchema = <Key extends v.GenericSchema<unknown, unknown>>(list: string, key: Key) =>
  v.pipe(v.string(), v.parseJson(), v.strictTuple([v.literal(list), key]));

/** @throws CursorError */
export function readCursor<Key>(list: string, key: v.GenericSchema<unknown, Key>, cursor: string): Key {
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    return v.parse(cursorSchema(list, key), new TextDecoder().decode(bytes))[1];
  } catch {
    throw new CursorError("the cursor is not from this list");
  }
}

export function writeCursor(list: string, key: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify([list, key]));
  const binary = String.fromCharCode(...bytes);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
