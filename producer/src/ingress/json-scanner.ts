/**
 * Checks JSON without making values of it. It accepts what JSON.parse accepts (RFC 8259), and nothing else; that its bytes
 * are UTF-8 is left to the caller, who is told whether there is anything to check.
 */

/** Instead of a position: what stands there is no JSON. */
export const MALFORMED = -1;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LETTER_U = 0x75;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** 1 for each byte that stands for itself within a string. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);
const ESCAPED: ReadonlySet<number | undefined> = new Set(new TextEncoder().encode('"\\/bfnrt'));
/** By their first byte. */
const LITERALS: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) =>
  ["true", "false", "null"].map((word) => new TextEncoder().encode(word)).find(([first]) => first === byte),
);

/** Four bytes at once: each lane of a word holds one. */
const LANES = 0x01010101;
const QUOTES = QUOTE * LANES;
const BACKSLASHES = BACKSLASH * LANES;
const SPACES = SPACE * LANES;
const HIGH_BITS = 0x80808080;

/** Walks over one document. Each method takes the position of what it expects and returns the one behind it. */
export class JsonScanner {
  readonly bytes: Uint8Array;
  /** The same bytes, four at once. */
  readonly #words: Int32Array;
  /** All bytes of strings, or-ed: whether any of them is not ASCII. */
  #bits = 0;
  /** For each open container, the byte that closes it. Kept: an array that grows anew each time costs more than its use. */
  readonly #open: number[] = [];
  /** Whether the string that was passed last has escapes. */
  escaped = false;

  /** @param bytes from a multiple of four on in their buffer */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  }

  /** Whether what was passed holds only ASCII, and so is UTF-8. */
  get isAscii(): boolean {
    return (this.#bits & HIGH_BITS) === 0;
  }

  passSpace(from: number): number {
    let at = from;
    while (isSpace(this.bytes[at])) at++;
    return at;
  }

  /** Passes the colon behind a key, and the space around it. */
  passColon(from: number): number {
    const { bytes } = this;
    const at = bytes[from] === COLON ? from : this.passSpace(from);
    if (bytes[at] !== COLON) return MALFORMED;
    return isSpace(bytes[at + 1]) ? this.passSpace(at + 1) : at + 1;
  }

  passString(from: number): number {
    const { bytes } = this;
    if (bytes[from] !== QUOTE) return MALFORMED;
    this.escaped = false;
    let at = from + 1;
    for (;;) {
      at = this.#passPlain(at);
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte !== BACKSLASH) return MALFORMED;
      this.escaped = true;
      const letter = bytes[at + 1];
      if (letter === LETTER_U) {
        for (let i = 2; i < 6; i++) if (!isHexDigit(bytes[at + i])) return MALFORMED;
        at += 6;
      } else if (ESCAPED.has(letter)) at += 2;
      else return MALFORMED;
    }
  }

  /** Most of a payload is in strings, and most of those are URLs: four bytes at once pay. */
  #passPlain(from: number): number {
    const { bytes } = this;
    let at = from;
    let byte = bytes[at] ?? 0;
    let bits = 0;
    while (PLAIN[byte] === 1 && (at & 3) !== 3) {
      bits |= byte;
      byte = bytes[++at] ?? 0;
    }
    if (PLAIN[byte] === 1) {
      const words = this.#words;
      let index = (at + 1) >> 2;
      bits |= byte;
      for (; index < words.length; index++) {
        const word = words[index] ?? 0;
        const quote = word ^ QUOTES;
        const backslash = word ^ BACKSLASHES;
        // Each term has the high bit of a lane set where that lane holds such a byte (or, borrowing, above one that does).
        const ends =
          ((quote - LANES) & ~quote) | ((backslash - LANES) & ~backslash) | ((word - SPACES) & ~word);
        if ((ends & HIGH_BITS) !== 0) break;
        bits |= word;
      }
      at = index << 2;
      byte = bytes[at] ?? 0;
      while (PLAIN[byte] === 1) {
        bits |= byte;
        byte = bytes[++at] ?? 0;
      }
    }
    this.#bits |= bits;
    return at;
  }

  /** Passes a value of any kind, however deep it is nested. */
  passValue(from: number): number {
    const first = this.bytes[from];
    if (first === QUOTE) return this.passString(from);
    return first === OPEN_OBJECT || first === OPEN_LIST ? this.#passContainer(from) : this.#passScalar(from);
  }

  #passContainer(from: number): number {
    const { bytes } = this;
    const open = this.#open;
    let depth = 0;
    let at = from;
    for (;;) {
      // At a value.
      const first = bytes[at];
      if (first === QUOTE) at = this.passString(at);
      else if (first === OPEN_OBJECT || first === OPEN_LIST) {
        const close = first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST;
        at = this.passSpace(at + 1);
        if (bytes[at] !== close) {
          open[depth++] = close;
          if (close === CLOSE_OBJECT) at = this.#passKey(at);
          if (at === MALFORMED) return MALFORMED;
          continue;
        }
        at++;
      } else at = this.#passScalar(at);
      if (at === MALFORMED) return MALFORMED;
      // Behind one: leaves what ends there.
      for (;;) {
        if (depth === 0) return at;
        const close = open[depth - 1];
        let byte = bytes[at];
        if (isSpace(byte)) {
          at = this.passSpace(at);
          byte = bytes[at];
        }
        if (byte === COMMA) {
          at = isSpace(bytes[at + 1]) ? this.passSpace(at + 1) : at + 1;
          if (close === CLOSE_OBJECT) at = this.#passKey(at);
          if (at === MALFORMED) return MALFORMED;
          break;
        }
        if (byte !== close) return MALFORMED;
        depth--;
        at++;
      }
    }
  }

  #passKey(from: number): number {
    const end = this.passString(from);
    return end === MALFORMED ? MALFORMED : this.passColon(end);
  }

  /** A number, or a literal. */
  #passScalar(at: number): number {
    const { bytes } = this;
    const first = bytes[at];
    if (first === MINUS || isDigit(first)) return this.#passNumber(at);
    const word = LITERALS[first ?? 0];
    if (word === undefined) return MALFORMED;
    for (let i = 1; i < word.length; i++) if (bytes[at + i] !== word[i]) return MALFORMED;
    return at + word.length;
  }

  #passNumber(from: number): number {
    const { bytes } = this;
    let at = bytes[from] === MINUS ? from + 1 : from;
    at = bytes[at] === ZERO ? at + 1 : this.#passDigits(at);
    if (at !== MALFORMED && bytes[at] === POINT) at = this.#passDigits(at + 1);
    if (at !== MALFORMED && isLetterE(bytes[at])) {
      const sign = bytes[at + 1];
      at = this.#passDigits(sign === PLUS || sign === MINUS ? at + 2 : at + 1);
    }
    return at;
  }

  /** One digit at least. */
  #passDigits(from: number): number {
    let at = from;
    while (isDigit(this.bytes[at])) at++;
    return at === from ? MALFORMED : at;
  }
}

const isSpace = (byte: number | undefined): boolean =>
  byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

/** Of either case. */
const isLetterE = (byte: number | undefined): boolean => byte === 0x65 || byte === 0x45;

const isHexDigit = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
