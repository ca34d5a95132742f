/** The parts of a JSON document, checked as JSON.parse checks them (RFC 8259), without making values of them. */

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MAX_ASCII = 0x7f;
const LOWER_U = 0x75;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/** A table with 1 for each of these bytes: looked up for every byte, it is faster than a set. */
const tableOf = (text: string): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (bytesOf(text).includes(byte) ? 1 : 0));

const WHITESPACE = tableOf(" \t\r\n");
const HEX_DIGIT = tableOf("0123456789abcdefABCDEF");
const ESCAPED = tableOf('"\\/bfnrt');
const EXPONENT = tableOf("eE");
const NULL = bytesOf("null");
const FALSE = bytesOf("false");
const TRUE = bytesOf("true");
const BYTE_ORDER_MARK = new Uint8Array([0xef, 0xbb, 0xbf]);

export const malformed = (): SyntaxError => new SyntaxError("the document is not JSON");

/**
 * A document, and what its strings are made of so far. Whether the bytes are UTF-8 is for the caller to check.
 *
 * The functions below take the position of what they expect, and return the position after it or throw a SyntaxError if
 * something else is there. Of all that acknowledging a delivery takes, they run longest, so they are written for V8:
 * - What is used for each byte is a local variable or constant. A field would be read each time; and the constants of a
 *   module are variables in the bundle, which would be read and checked each time.
 * - `| 0` says that a position from elsewhere is a small integer: otherwise each use of it would check and unpack it.
 */
export interface JsonDocument {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The last position from which a block can be read. */
  readonly lastBlock: number;
  /** Whether the strings so far are ASCII. */
  isAscii: boolean;
  /** The position of the last escape. */
  lastEscape: number;
}

export const jsonDocument = (bytes: Uint8Array): JsonDocument => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  lastBlock: bytes.byteLength - 8,
  isAscii: true,
  lastEscape: -1,
});

/** Whether these bytes are here. */
export function isText(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  let i = 0;
  while (i < text.length && bytes[at + i] === text[i]) i++;
  return i === text.length;
}

/** Passes a byte order mark and the space before the document. */
export const passStart = (bytes: Uint8Array): number =>
  passSpace(bytes, isText(bytes, 0, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0);

/** Passes the space here, if there is any. */
export function passSpace(bytes: Uint8Array, from: number): number {
  let at = from | 0;
  while (at < bytes.length && WHITESPACE[bytes[at] ?? 0] === 1) at++;
  return at;
}

/**
 * The end of what stands for itself within a string, eight bytes at once: a payload is mostly long strings.
 *
 * Subtracting n from a byte sets its high bit if it is below n. `^ 0x02` exchanges quotes for spaces, which puts them right
 * behind the control characters; `^ 0x5c` makes zero of a backslash. Of a byte that is not ASCII, one of the two differences
 * keeps the high bit. So the lowest bit that is left is in the first byte that does not stand for itself.
 */
export function plainEnd(view: DataView, lastBlock: number, from: number): number {
  let at = from;
  while (at <= lastBlock) {
    const low = view.getInt32(at, true);
    const high = view.getInt32((at + 4) | 0, true);
    const inLow = ((low ^ 0x02020202) - 0x21212121) | ((low ^ 0x5c5c5c5c) - 0x01010101);
    const inHigh = ((high ^ 0x02020202) - 0x21212121) | ((high ^ 0x5c5c5c5c) - 0x01010101);
    if (((inLow | inHigh) & 0x80808080) !== 0) {
      const special = inLow & 0x80808080;
      const base = special === 0 ? (at + 4) | 0 : at;
      const bits = special === 0 ? inHigh & 0x80808080 : special;
      return (base + 3 - (Math.clz32(bits & -bits) >> 3)) | 0;
    }
    at = (at + 8) | 0;
  }
  return at;
}

/** Passes the rest of a string. @param from what does not stand for itself, or the last bytes of the document */
export function passRest(document: JsonDocument, from: number): number {
  const { bytes, view, lastBlock } = document;
  let at = from;
  while (bytes[at] !== QUOTE) at = plainEnd(view, lastBlock, passSpecial(document, at));
  return at + 1;
}

/** Passes what a string holds here, if it is not plain, and a byte at the end of the document even if it is. */
function passSpecial(document: JsonDocument, at: number): number {
  const byte = document.bytes[at] ?? 0;
  if (byte < SPACE) throw malformed();
  if (byte === BACKSLASH) return passEscape(document, at + 1);
  return byte > MAX_ASCII ? passNonAscii(document, at) : at + 1;
}

function passEscape(document: JsonDocument, from: number): number {
  const { bytes } = document;
  document.lastEscape = from;
  if (isIn(ESCAPED, bytes[from])) return from + 1;
  if (bytes[from] !== LOWER_U) throw malformed();
  for (let i = 1; i <= 4; i++) if (!isIn(HEX_DIGIT, bytes[from + i])) throw malformed();
  return from + 5;
}

function passNonAscii(document: JsonDocument, from: number): number {
  document.isAscii = false;
  let at = from;
  while ((document.bytes[at] ?? 0) > MAX_ASCII) at++;
  return at;
}

/** Passes a number, or a literal. */
export function passScalar(bytes: Uint8Array, from: number): number {
  const LOWER_F = 0x66;
  const LOWER_N = 0x6e;
  const LOWER_T = 0x74;
  const first = bytes[from];
  if (first === LOWER_N) return passText(bytes, from, NULL);
  if (first === LOWER_F) return passText(bytes, from, FALSE);
  if (first === LOWER_T) return passText(bytes, from, TRUE);
  return passNumber(bytes, from);
}

function passText(bytes: Uint8Array, from: number, text: Uint8Array): number {
  if (!isText(bytes, from, text)) throw malformed();
  return (from + text.length) | 0;
}

function passNumber(bytes: Uint8Array, from: number): number {
  const ZERO = 0x30;
  let at = bytes[from] === MINUS ? (from + 1) | 0 : from;
  at = bytes[at] === ZERO ? (at + 1) | 0 : passDigits(bytes, at);
  if (bytes[at] === POINT) at = passDigits(bytes, (at + 1) | 0);
  if (!isIn(EXPONENT, bytes[at])) return at;
  at++;
  return passDigits(bytes, bytes[at] === PLUS || bytes[at] === MINUS ? at + 1 : at);
}

/** One digit at least. */
function passDigits(bytes: Uint8Array, from: number): number {
  const ZERO = 0x30;
  const NINE = 0x39;
  let at = from;
  for (;;) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    at = (at + 1) | 0;
  }
  if (at === from) throw malformed();
  return at;
}

const isIn = (table: Uint8Array, byte: number | undefined): boolean =>
  byte !== undefined && table[byte] === 1;
