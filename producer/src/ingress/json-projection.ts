/**
 * Reads of a large JSON document only the fields that are asked for: all else is checked, and never becomes a value. Of a push with
 * thousands of commits that takes next to none of JSON.parse's memory, and no more time.
 */

import { decodeUtf8, isUtf8, parseJson } from "./body.ts";
import { CLOSE_OBJECT, COMMA, JsonScanner, MALFORMED, OPEN_OBJECT } from "./json-scanner.ts";
import type { Fields } from "./payload-fields.ts";

/** By the length of the key: of an object with fifty fields most are ruled out by it. */
type Wanted = readonly (readonly WantedField[] | undefined)[];

interface WantedField {
  readonly key: Uint8Array;
  /** What is wanted of its value; undefined: all. */
  readonly fields: Wanted | undefined;
}

/**
 * Makes a parser for documents of which only these fields are looked at.
 * @returns what JSON.parse makes of the bytes, perhaps without fields that are not wanted; undefined where they are no
 *   JSON in UTF-8 (a byte order mark before it is left out)
 */
export function createProjection(fields: Fields): (bytes: Uint8Array) => unknown {
  const wanted = compile(fields);
  return (bytes) => {
    const kept = new Projection(aligned(bytes)).project(wanted);
    return kept === undefined ? undefined : parseJson(decodeUtf8(kept));
  };
}

const compile = (fields: Fields): Wanted => {
  const byLength: WantedField[][] = [];
  for (const [name, below] of Object.entries(fields)) {
    const key = new TextEncoder().encode(name);
    byLength[key.length] ??= [];
    byLength[key.length]?.push({ key, fields: below === true ? undefined : compile(below) });
  }
  return byLength;
};

/** The scanner reads four bytes at once. */
const aligned = (bytes: Uint8Array): Uint8Array => (bytes.byteOffset % 4 === 0 ? bytes : bytes.slice());

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** One document: where its wanted parts begin and end. Put together they are a document again. */
class Projection {
  readonly #bytes: Uint8Array;
  readonly #scanner: JsonScanner;
  readonly #parts: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#scanner = new JsonScanner(bytes);
  }

  /** @returns the document without the fields that are not wanted; undefined where it is no JSON */
  project(wanted: Wanted): Uint8Array | undefined {
    const marked = BYTE_ORDER_MARK.every((byte, i) => this.#bytes[i] === byte);
    const end = this.#keepValue(this.#scanner.passSpace(marked ? BYTE_ORDER_MARK.length : 0), wanted);
    if (end === MALFORMED || this.#scanner.passSpace(end) !== this.#bytes.length) return undefined;
    if (!this.#scanner.isAscii && !isUtf8(this.#bytes)) return undefined;
    return this.#join();
  }

  #keepValue(from: number, wanted: Wanted | undefined): number {
    if (wanted !== undefined && this.#bytes[from] === OPEN_OBJECT) return this.#keepFields(from, wanted);
    const end = this.#scanner.passValue(from);
    this.#parts.push(from, end);
    return end;
  }

  #keepFields(from: number, wanted: Wanted): number {
    const bytes = this.#bytes;
    const scanner = this.#scanner;
    this.#parts.push(from, from + 1);
    let comma = from;
    let isFirstKept = true;
    let at = scanner.passSpace(from + 1);
    if (bytes[at] !== CLOSE_OBJECT) {
      for (;;) {
        const key = at;
        const end = scanner.passString(key);
        if (end === MALFORMED) return MALFORMED;
        // What an escaped key says is left to JSON.parse: it is kept.
        const field = scanner.escaped ? UNREAD : this.#find(key + 1, end - 1, wanted);
        at = scanner.passColon(end);
        if (at === MALFORMED) return MALFORMED;
        if (field === undefined) at = scanner.passValue(at);
        else {
          this.#parts.push(isFirstKept ? key : comma, at);
          isFirstKept = false;
          at = this.#keepValue(at, field.fields);
        }
        if (at === MALFORMED) return MALFORMED;
        comma = bytes[at] === COMMA ? at : scanner.passSpace(at);
        if (bytes[comma] !== COMMA) break;
        at = scanner.passSpace(comma + 1);
      }
      at = comma;
    }
    if (bytes[at] !== CLOSE_OBJECT) return MALFORMED;
    this.#parts.push(at, at + 1);
    return at + 1;
  }

  #find(from: number, to: number, wanted: Wanted): WantedField | undefined {
    for (const field of wanted[to - from] ?? NONE) if (this.#isAt(field.key, from)) return field;
    return undefined;
  }

  #isAt(key: Uint8Array, from: number): boolean {
    for (let i = 0; i < key.length; i++) if (key[i] !== this.#bytes[from + i]) return false;
    return true;
  }

  #join(): Uint8Array {
    const parts = this.#parts;
    let length = 0;
    for (let i = 0; i < parts.length; i += 2) length += (parts[i + 1] ?? 0) - (parts[i] ?? 0);
    const joined = new Uint8Array(length);
    let to = 0;
    for (let i = 0; i < parts.length; i += 2) {
      const part = this.#bytes.subarray(parts[i], parts[i + 1]);
      joined.set(part, to);
      to += part.length;
    }
    return joined;
  }
}

const NONE: readonly WantedField[] = [];
const UNREAD: WantedField = { key: new Uint8Array(), fields: undefined };
