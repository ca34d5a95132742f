/** Cursors of lists: opaque to clients, each names its list and the last row of its page. */
import * as v from "valibot";
import { fromBase64Url, toBase64Url } from "../../text/base64.ts";

/** The cursor was not made by this gateway, or not for this list. */
export class CursorError extends Error {
  override readonly name = "CursorError";
}

const cursorSchema = <Key extends v.GenericSchema<unknown, unknown>>(list: string, key: Key) =>
  v.pipe(v.string(), v.parseJson(), v.strictTuple([v.literal(list), key]));

/** @throws CursorError */
export function readCursor<Key>(list: string, key: v.GenericSchema<unknown, Key>, cursor: string): Key {
  try {
    return v.parse(cursorSchema(list, key), new TextDecoder().decode(fromBase64Url(cursor)))[1];
  } catch {
    throw new CursorError("the cursor is not from this list");
  }
}

export const writeCursor = (list: string, key: unknown): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify([list, key])));
