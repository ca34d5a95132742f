/**
 * Reads only the fields that are asked for of a JSON document. Everything else is checked, and never becomes a value: a
 * push with thousands of commits takes almost none of the memory that JSON.parse needs.
 */

import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { decodeUtf8, isUtf8 } from "./body.ts";
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COMMA,
  JsonScanner,
  malformed,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from "./json-scanner.ts";
import type { Fields } from "./payload-fields.ts";

/**
 * Makes a parser for documents of which only these fields are needed.
 * @returns what JSON.parse makes of the bytes, without all other fields of the objects that `fields` describes; undefined
 *   if they are not JSON in UTF-8 (a byte order mark before it is left out)
 */
export function createFieldParser(fields: Fields): (bytes: Uint8Array) => unknown {
  const wanted = wantedFields(fields);
  return (bytes) => {
    const projection = new Projection(bytes, wanted);
    try {
      projection.walk();
    } catch (thrown) {
      if (thrown instanceof SyntaxError) return undefined;
      throw thrown;
    }
    return parseJson(projection.text());
  };
}

interface Wanted {
  readonly name: string;
  /** As it is in a document, without escapes. */
  readonly key: Uint8Array;
  /** Undefined: the whole value. */
  readonly below: WantedFields | undefined;
}

/** By the length of their keys: most other keys have no field of that length to be compared with. */
type WantedFields = readonly (readonly Wanted[] | undefined)[];

function wantedFields(fields: Fields): WantedFields {
  const byLength: Wanted[][] = [];
  for (const [name, below] of Object.entries(fields)) {
    const key = new TextEncoder().encode(JSON.stringify(name));
    const among = byLength[key.length] ?? [];
    among.push({ name, key, below: below === true ? undefined : wantedFields(below) });
    byLength[key.length] = among;
  }
  // Without holes, which are slower to read.
  return Array.from(byLength);
}

/**
 * What is kept of one document: pieces that are a document together. The walk over it has no recursion, so that it may be
 * nested however deep. Of all that acknowledging a delivery takes, it runs longest.
 */
class Projection {
  readonly #bytes: Uint8Array;
  readonly #scanner: JsonScanner;
  /** Where each piece begins and ends, in turn: numbers alone, since a document may repeat a field a million times. */
  readonly #kept: number[] = [];
  #keptBytes = 0;
  /** For each open container, the byte that closes it, and the fields that are wanted of it. */
  readonly #closes: number[] = [];
  readonly #wanted: (WantedFields | undefined)[] = [];
  #depth = 0;
  #isKeyNext = false;
  /** The fields that are wanted of the next value; undefined: all of it, or nothing. */
  #next: WantedFields | undefined;
  /** Where the field begins that is being kept, and how deep it is; -1 if there is none. */
  #keepFrom = 0;
  #keepDepth = 0;

  constructor(bytes: Uint8Array, wanted: WantedFields) {
    this.#bytes = bytes;
    this.#scanner = new JsonScanner(bytes);
    this.#next = wanted;
  }

  /** Walks over the whole document. @throws SyntaxError if it is not JSON */
  walk(): void {
    const bytes = this.#bytes;
    const scanner = this.#scanner;
    let at = scanner.passStart();
    this.#keepFrom = at;
    do {
      const first = bytes[at];
      if (this.#isKeyNext) at = this.#passKey(at);
      else if (first === OPEN_OBJECT) at = this.#enter(at, CLOSE_OBJECT);
      else if (first === OPEN_LIST) at = this.#enter(at, CLOSE_LIST);
      else at = this.#leave(first === QUOTE ? scanner.passString(at) : scanner.passScalar(at));
    } while (this.#depth > 0);
    if (scanner.passSpace(at) !== bytes.length) throw malformed();
  }

  #passKey(from: number): number {
    if (this.#bytes[from] !== QUOTE) throw malformed();
    const to = this.#scanner.passString(from);
    const wanted = this.#wanted[this.#depth - 1];
    const field = wanted === undefined ? undefined : this.#find(wanted, from, to);
    if (field !== undefined) {
      this.#next = field.below;
      this.#keepFrom = from;
      this.#keepDepth = this.#depth;
    }
    this.#isKeyNext = false;
    return this.#scanner.passColon(to);
  }

  #enter(from: number, close: number): number {
    const wanted = close === CLOSE_OBJECT ? this.#next : undefined;
    if (wanted !== undefined) {
      this.#keep(this.#keepFrom, from + 1);
      this.#keepFrom = -1;
    }
    this.#closes[this.#depth] = close;
    this.#wanted[this.#depth] = wanted;
    this.#depth++;
    this.#next = undefined;
    const at = this.#scanner.passSpace(from + 1);
    if (this.#bytes[at] === close) return this.#leave(at);
    this.#isKeyNext = close === CLOSE_OBJECT;
    return at;
  }

  /** After a value: leaves the containers that end here. @returns where the next key or value begins, or the end */
  #leave(from: number): number {
    const bytes = this.#bytes;
    const scanner = this.#scanner;
    let at = from;
    for (;;) {
      if (this.#keepFrom >= 0 && this.#keepDepth === this.#depth) {
        this.#keep(this.#keepFrom, at);
        this.#keepFrom = -1;
        this.#next = undefined;
      }
      if (this.#depth === 0) return at;
      const close = this.#closes[this.#depth - 1];
      at = scanner.passSpace(at);
      if (bytes[at] === COMMA) {
        this.#isKeyNext = close === CLOSE_OBJECT;
        return scanner.passSpace(at + 1);
      }
      if (bytes[at] !== close) throw malformed();
      this.#depth--;
      at++;
      if (this.#wanted[this.#depth] !== undefined) this.#keep(at - 1, at);
    }
  }

  #find(wanted: WantedFields, from: number, to: number): Wanted | undefined {
    const scanner = this.#scanner;
    if (scanner.hasEscapes(from)) {
      const name = parseJson(decodeUtf8(this.#bytes.subarray(from, to)));
      return wanted.flatMap((among = []) => among).find((field) => field.name === name);
    }
    const among = wanted[to - from];
    if (among === undefined) return undefined;
    // Behind the quote, which all have.
    const first = this.#bytes[from + 1];
    for (const field of among) {
      if (first === field.key[1] && scanner.isText(from, field.key)) return field;
    }
    return undefined;
  }

  #keep(from: number, to: number): void {
    this.#kept.push(from, to);
    this.#keptBytes += to - from;
  }

  /** @returns the document of what is kept; undefined if the whole one is not UTF-8 */
  text(): string | undefined {
    const bytes = this.#bytes;
    if (!this.#scanner.isAscii && !isUtf8(bytes)) return undefined;
    const kept = this.#kept;
    const joined = new Uint8Array(this.#keptBytes + kept.length);
    let at = 0;
    for (let piece = 0; piece < kept.length; piece += 2) {
      const from = kept[piece] ?? 0;
      const to = kept[piece + 1] ?? 0;
      if (at > 0 && bytes[from] === QUOTE && joined[at - 1] !== OPEN_OBJECT) joined[at++] = COMMA;
      for (let i = from; i < to; i++) joined[at++] = bytes[i] ?? 0;
    }
    return decodeUtf8(joined.subarray(0, at));
  }
}
