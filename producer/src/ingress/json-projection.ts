/**
 * Reads only the fields that are asked for of a JSON document. Everything else is checked, and never becomes a value: a
 * push with thousands of commits takes almost none of the memory that JSON.parse needs.
 */

import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { decodeUtf8, isUtf8 } from "./body.ts";
import {
  isText,
  type JsonDocument,
  jsonDocument,
  malformed,
  passRest,
  passScalar,
  passSpace,
  passStart,
  plainEnd,
} from "./json-scanner.ts";
import type { Fields } from "./payload-fields.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;

/** What is kept is joined here if it has room: mostly less than 1 KiB. */
const SCRATCH = new Uint8Array(8 * 1024);

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
  readonly #document: JsonDocument;
  /** Where each piece begins and ends, in turn: numbers alone, since a document may repeat a field a million times. */
  readonly #kept: number[] = [];
  #keptBytes = 0;

  constructor(bytes: Uint8Array) {
    this.#document = jsonDocument(bytes);
  }

  /** Walks over the whole document. @throws SyntaxError if it is not JSON */
  walk(wanted: WantedFields): void {
    const { bytes } = this.#document;
    const from = passStart(bytes);
    const to = this.#passWanted(from, from, wanted);
    // Reading behind the end would slow down all reads.
    if (to < bytes.length && passSpace(bytes, to) < bytes.length) throw malformed();
  }

  /**
   * Passes a value that is kept, or of which fields are.
   * @param from where what is kept begins: at the value, or at its key
   */
  #passWanted(from: number, value: number, wanted: WantedFields | undefined): number {
    const isObject = this.#document.bytes[value] === OPEN_OBJECT;
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
    // Constants of a module would be slower here, and calling `passSpace` only for spaces is faster: see json-scanner.ts.
    const SPACE = 0x20;
    const QUOTE = 0x22;
    const COMMA = 0x2c;
    const COLON = 0x3a;
    const OPEN_LIST = 0x5b;
    const CLOSE_LIST = 0x5d;
    const OPEN_OBJECT = 0x7b;
    const CLOSE_OBJECT = 0x7d;
    const document = this.#document;
    const { bytes, view, lastBlock } = document;
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
        const plain = plainEnd(view, lastBlock, (at + 1) | 0) | 0;
        const end = (bytes[plain] === QUOTE ? plain + 1 : passRest(document, plain)) | 0;
        if (isKey) {
          isKey = false;
          const field = fields === undefined ? undefined : findField(fields, document, at, end);
          const colon = (bytes[end] === COLON ? end : passSpace(bytes, end)) | 0;
          if (bytes[colon] !== COLON) throw malformed();
          let value = (colon + 1) | 0;
          if ((bytes[value] ?? 0) <= SPACE) value = passSpace(bytes, value) | 0;
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
        at = (at + 1) | 0;
        if ((bytes[at] ?? 0) <= SPACE) at = passSpace(bytes, at) | 0;
        if (bytes[at] !== close) continue;
      } else at = passScalar(bytes, at) | 0;
      for (;;) {
        if (close === 0) return at;
        if ((bytes[at] ?? 0) <= SPACE) at = passSpace(bytes, at) | 0;
        if (bytes[at] !== close) break;
        close = (outer.pop() ?? 0) | 0;
        fields = outer.length === 1 ? wanted : undefined;
        at = (at + 1) | 0;
      }
      if (bytes[at] !== COMMA) throw malformed();
      at = (at + 1) | 0;
      if ((bytes[at] ?? 0) <= SPACE) at = passSpace(bytes, at) | 0;
      isKey = close === CLOSE_OBJECT;
    }
  }

  #keep(from: number, to: number): void {
    this.#kept.push(from, to);
    this.#keptBytes += to - from;
  }

  /** @returns the document of what is kept; undefined if the whole one is not UTF-8 */
  text(): string | undefined {
    const { bytes, isAscii } = this.#document;
    if (!isAscii && !isUtf8(bytes)) return undefined;
    const kept = this.#kept;
    const most = this.#keptBytes + kept.length;
    const joined = most <= SCRATCH.length ? SCRATCH : new Uint8Array(most);
    let at = 0;
    for (let piece = 0; piece < kept.length; piece += 2) {
      let from = (kept[piece] ?? 0) | 0;
      const to = (kept[piece + 1] ?? 0) | 0;
      if (at > 0 && bytes[from] === QUOTE && joined[at - 1] !== OPEN_OBJECT) joined[at++] = COMMA;
      while (from < to) {
        joined[at] = bytes[from] ?? 0;
        at = (at + 1) | 0;
        from = (from + 1) | 0;
      }
    }
    return decodeUtf8(joined.subarray(0, at));
  }
}

function findField(
  wanted: WantedFields,
  { bytes, lastEscape }: JsonDocument,
  from: number,
  to: number,
): Wanted | undefined {
  if (lastEscape > from) return findDecoded(wanted, bytes.subarray(from, to));
  const among = wanted[to - from];
  return among === undefined ? undefined : findAmong(among, bytes, from);
}

function findDecoded(wanted: WantedFields, key: Uint8Array): Wanted | undefined {
  const name = parseJson(decodeUtf8(key));
  return wanted.flatMap((among = []) => among).find((field) => field.name === name);
}

function findAmong(among: readonly Wanted[], bytes: Uint8Array, from: number): Wanted | undefined {
  // Behind the quote, which all have.
  const first = bytes[from + 1];
  for (const field of among) {
    if (first === field.key[1] && isText(bytes, from, field.key)) return field;
  }
  return undefined;
}
