/**
 * Reads only the fields that are asked for of a large JSON document. All else is checked, and never becomes a value: of a
 * push with thousands of commits that takes almost none of the memory that JSON.parse takes.
 */

import { decodeUtf8, isUtf8 } from "./body.ts";
import { CLOSE_OBJECT, JsonScanner, OPEN_OBJECT } from "./json-scanner.ts";
import type { Fields } from "./payload-fields.ts";

/**
 * Parses a document of which only these fields are looked at.
 * @returns what JSON.parse makes of the bytes, without all other fields of the objects that `fields` describes; undefined
 *   if they are not JSON in UTF-8 (a byte order mark before it is left out)
 */
export function parseFields(bytes: Uint8Array, fields: Fields): unknown {
  if (!isUtf8(bytes)) return undefined;
  const document = new Document(bytes);
  try {
    return document.read(fields);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

class Document {
  readonly #bytes: Uint8Array;
  readonly #scanner: JsonScanner;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#scanner = new JsonScanner(bytes);
  }

  read(fields: Fields): unknown {
    const marked = BYTE_ORDER_MARK.every((byte, i) => this.#bytes[i] === byte);
    this.#at = this.#scanner.passSpace(marked ? BYTE_ORDER_MARK.length : 0);
    const value = this.#readValue(fields);
    if (this.#scanner.passSpace(this.#at) !== this.#bytes.length) throw new SyntaxError("text after the end");
    return value;
  }

  /** Nested no deeper than `fields` is. */
  #readValue(fields: Fields | true): unknown {
    if (fields !== true && this.#bytes[this.#at] === OPEN_OBJECT) return this.#readObject(fields);
    const from = this.#at;
    this.#at = this.#scanner.passValue(from);
    return this.#parse(from, this.#at);
  }

  #readObject(fields: Fields): object {
    const scanner = this.#scanner;
    const read: Record<string, unknown> = {};
    this.#at = scanner.passSpace(this.#at + 1);
    if (this.#bytes[this.#at] === CLOSE_OBJECT) {
      this.#at++;
      return read;
    }
    for (;;) {
      const from = this.#at;
      const name = String(this.#parse(from, scanner.passString(from)));
      this.#at = scanner.passKey(from);
      const below = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (below === undefined) this.#at = scanner.passValue(this.#at);
      else read[name] = this.#readValue(below);
      const { at, closed } = scanner.passSeparator(this.#at, CLOSE_OBJECT);
      this.#at = at;
      if (closed) return read;
    }
  }

  #parse(from: number, to: number): unknown {
    return JSON.parse(decodeUtf8(this.#bytes.subarray(from, to)) ?? "");
  }
}
