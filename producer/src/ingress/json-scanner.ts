/** The parts of a JSON document, checked as JSON.parse checks them (RFC 8259), without making values of them. */

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
export const COMMA = 0x2c;
const SPACE = 0x20;
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const MAX_ASCII = 0x7f;
const UNICODE_ESCAPE = 0x75;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/** A table with 1 for each of these bytes: looked up for every byte, it is faster than a set. */
const tableOf = (text: string): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (bytesOf(text).includes(byte) ? 1 : 0));

const WHITESPACE = tableOf(" \t\r\n");
const DIGIT = tableOf("0123456789");
const HEX_DIGIT = tableOf("0123456789abcdefABCDEF");
const ESCAPED = tableOf('"\\/bfnrt');
const EXPONENT = tableOf("eE");
const NULL = bytesOf("null");
const FALSE = bytesOf("false");
const TRUE = bytesOf("true");
const BYTE_ORDER_MARK = new Uint8Array([0xef, 0xbb, 0xbf]);

const BLOCK_BYTES = 8;

/**
 * Finds which of four bytes do not stand for themselves within a string, or are not ASCII. Subtracting n from an ASCII
 * byte sets its high bit if it is below n. Exchanging quotes for spaces puts them right behind the control characters.
 * @returns a word whose lowest bit that is set is in the first of these bytes; 0 if there is none
 */
const specialBits = (word: number): number =>
  (((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101) | word) & 0x80808080;

/** The place of the lowest byte that has a bit set. */
const lowestByte = (word: number): number => 3 - (Math.clz32(word & -word) >> 3);

export const malformed = (): SyntaxError => new SyntaxError("the document is not JSON");

/** The end of what stands for itself within a string, eight bytes at once: a payload is mostly long strings. */
function plainEnd(view: DataView, lastBlock: number, from: number): number {
  let at = from;
  while (at <= lastBlock) {
    const low = specialBits(view.getInt32(at, true));
    const high = specialBits(view.getInt32((at + 4) | 0, true));
    if ((low | high) !== 0) return low === 0 ? at + 4 + lowestByte(high) : at + lowestByte(low);
    at = (at + BLOCK_BYTES) | 0;
  }
  return at;
}

/** The end of the space here. */
export function spaceEnd(bytes: Uint8Array, from: number): number {
  let at = from | 0;
  // GitHub sends no space, so that the first comparison mostly ends it. Reading behind the end would slow down all reads.
  while (at < bytes.length && (bytes[at] ?? 0) <= SPACE && WHITESPACE[bytes[at] ?? 0] === 1) at++;
  return at;
}

/** The end of a colon and the space around it. */
export function colonEnd(bytes: Uint8Array, from: number): number {
  const at = bytes[from] === COLON ? from : spaceEnd(bytes, from);
  if (bytes[at] !== COLON) throw malformed();
  return spaceEnd(bytes, at + 1);
}

/**
 * Each method takes the position of what it expects and returns the position after it, or throws a SyntaxError if something
 * else is there. Whether the bytes are UTF-8 is for the caller to check.
 *
 * Of all that acknowledging a delivery takes, this runs longest. `| 0` tells V8 that a position from elsewhere is a small
 * integer: otherwise each use of it would check and unpack it.
 */
export class JsonScanner {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** The last position from which a block can be read. */
  readonly #lastBlock: number;
  #isAscii = true;
  #lastEscape = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#lastBlock = bytes.byteLength - BLOCK_BYTES;
  }

  /** Whether the strings so far are ASCII. */
  get isAscii(): boolean {
    return this.#isAscii;
  }

  /** Whether the string that was passed last has escapes, if it begins here. */
  hasEscapes(from: number): boolean {
    return this.#lastEscape > from;
  }

  /** Whether these bytes are here. */
  isText(at: number, text: Uint8Array): boolean {
    const bytes = this.#bytes;
    let i = 0;
    while (i < text.length && bytes[at + i] === text[i]) i++;
    return i === text.length;
  }

  /** Passes a byte order mark and the space before the document. */
  passStart(): number {
    return spaceEnd(this.#bytes, this.isText(0, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0);
  }

  /** @param quote the position of a quote */
  passString(quote: number): number {
    const end = plainEnd(this.#view, this.#lastBlock, quote + 1);
    return (this.#bytes[end] === QUOTE ? end : this.#passOthers(end) | 0) + 1;
  }

  /** Passes the rest of a string. @returns the position of its closing quote */
  #passOthers(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (bytes[at] !== QUOTE) at = plainEnd(this.#view, this.#lastBlock, this.#passSpecial(at));
    return at;
  }

  /** Passes what a string holds here, if it is not plain, and a byte at the end of the document even if it is. */
  #passSpecial(at: number): number {
    const byte = this.#bytes[at] ?? 0;
    if (byte < SPACE) throw malformed();
    if (byte === BACKSLASH) return this.#passEscape(at + 1);
    return byte > MAX_ASCII ? this.#passNonAscii(at) : at + 1;
  }

  #passEscape(from: number): number {
    this.#lastEscape = from;
    if (this.#isAt(from, ESCAPED)) return from + 1;
    const at = this.#pass(from, UNICODE_ESCAPE);
    for (let i = 0; i < 4; i++) if (!this.#isAt(at + i, HEX_DIGIT)) throw malformed();
    return at + 4;
  }

  #passNonAscii(from: number): number {
    this.#isAscii = false;
    let at = from;
    while ((this.#bytes[at] ?? 0) > MAX_ASCII) at++;
    return at;
  }

  /** A number, or a literal. */
  passScalar(from: number): number {
    const first = this.#bytes[from];
    if (first === MINUS || this.#isAt(from, DIGIT)) return this.#passNumber(from);
    const literal = first === NULL[0] ? NULL : first === TRUE[0] ? TRUE : FALSE;
    if (!this.isText(from, literal)) throw malformed();
    return from + literal.length;
  }

  #passNumber(from: number): number {
    const bytes = this.#bytes;
    let at = bytes[from] === MINUS ? from + 1 : from;
    at = bytes[at] === ZERO ? at + 1 : this.#passDigits(at);
    if (bytes[at] === POINT) at = this.#passDigits(at + 1);
    if (!this.#isAt(at, EXPONENT)) return at;
    at++;
    return this.#passDigits(bytes[at] === PLUS || bytes[at] === MINUS ? at + 1 : at);
  }

  /** One digit at least. */
  #passDigits(from: number): number {
    let at = from;
    while (this.#isAt(at, DIGIT)) at++;
    if (at === from) throw malformed();
    return at;
  }

  #isAt(at: number, table: Uint8Array): boolean {
    const byte = this.#bytes[at];
    return byte !== undefined && table[byte] === 1;
  }

  #pass(at: number, byte: number): number {
    if (this.#bytes[at] !== byte) throw malformed();
    return at + 1;
  }
}
