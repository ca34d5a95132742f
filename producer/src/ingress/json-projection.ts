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
  colonEnd,
  JsonScanner,
  malformed,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  spaceEnd,
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
    const projection = new Projection(bytes);
    try {
      projection.walk(wanted);
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

/** What is kept of one document: pieces that are a document together. */
class Projection {
  readonly #bytes: Uint8Array;
  readonly #scanner: JsonScanner;
  /** Where each piece begins and ends, in turn: numbers alone, since a document may repeat a field a million times. */
  readonly #kept: number[] = [];
  #keptBytes = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#scanner = new JsonScanner(bytes);
  }

  /** Walks over the whole document. @throws SyntaxError if it is not JSON */
  walk(wanted: WantedFields): void {
    const from = this.#scanner.passStart();
    const to = this.#passWanted(from, from, wanted);
    if (spaceEnd(this.#bytes, to) !== this.#bytes.length) throw malformed();
  }

  /**
   * Passes a value that is kept, or of which fields are.
   * @param from where what is kept begins: at the value, or at its key
   */
  #passWanted(from: number, value: number, wanted: WantedFields | undefined): number {
    const isObject = this.#bytes[value] === OPEN_OBJECT;
    if (wanted === undefined || !isObject) {
      const to = this.#passValue(value, undefined);
      this.#keep(from, to);
      return to;
    }
    this.#keep(from, value + 1);
    const to = this.#passValue(value, wanted);
    this.#keep(to - 1, to);
    return to;
  }

  /**
   * Passes any value. It may be nested however deep: this calls itself only for fields that are wanted.
   * @param wanted of the value, if it is an object
   */
  #passValue(from: number, wanted: WantedFields | undefined): number {
    const bytes = this.#bytes;
    const scanner = this.#scanner;
    const outer: number[] = [];
    /** The byte that closes the innermost container; 0 outside of all. */
    let close = 0;
    /** The fields that are wanted of it. */
    let fields: WantedFields | undefined;
    let isKey = false;
    let at = from | 0;
    for (;;) {
      const first = bytes[at];
      if (first === QUOTE) {
        const end = scanner.passString(at);
        if (isKey) {
          isKey = false;
          const field = fields === undefined ? undefined : this.#find(fields, at, end);
          const value = colonEnd(bytes, end);
          if (field === undefined) {
            at = value;
            continue;
          }
          at = this.#passWanted(at, value, field.below) | 0;
        } else at = end;
      } else if (isKey) throw malformed();
      else if (first === OPEN_OBJECT || first === OPEN_LIST) {
        fields = close === 0 ? wanted : undefined;
        outer.push(close);
        isKey = first === OPEN_OBJECT;
        close = isKey ? CLOSE_OBJECT : CLOSE_LIST;
        at = spaceEnd(bytes, at + 1);
        if (bytes[at] !== close) continue;
      } else at = scanner.passScalar(at) | 0;
      for (;;) {
        if (close === 0) return at;
        at = spaceEnd(bytes, at);
        if (bytes[at] !== close) break;
        close = (outer.pop() ?? 0) | 0;
        fields = outer.length === 1 ? wanted : undefined;
        at++;
      }
      if (bytes[at] !== COMMA) throw malformed();
      at = spaceEnd(bytes, at + 1);
      isKey = close === CLOSE_OBJECT;
    }
  }

  #find(wanted: WantedFields, from: number, to: number): Wanted | undefined {
    if (this.#scanner.hasEscapes(from)) return this.#findDecoded(wanted, from, to);
    const among = wanted[to - from];
    return among === undefined ? undefined : this.#findAmong(among, from);
  }

  #findDecoded(wanted: WantedFields, from: number, to: number): Wanted | undefined {
    const name = parseJson(decodeUtf8(this.#bytes.subarray(from, to)));
    return wanted.flatMap((among = []) => among).find((field) => field.name === name);
  }

  #findAmong(among: readonly Wanted[], from: number): Wanted | undefined {
    // Behind the quote, which all have.
    const first = this.#bytes[from + 1];
    for (const field of among) {
      if (first === field.key[1] && this.#scanner.isText(from, field.key)) return field;
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
