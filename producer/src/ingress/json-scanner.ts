/**
 * Checks JSON without making values of it: accepts exactly what JSON.parse accepts (RFC 8259). Whether its bytes are UTF-8
 * is for the caller to check.
 */

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const COMMA = 0x2c;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/** A table with 1 for each of these bytes: looked up for every byte, it is faster than a set. */
const tableOf = (has: (byte: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (has(byte) ? 1 : 0));

/** Each byte that stands for itself within a string. */
const PLAIN = tableOf((byte) => byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH);
const WHITESPACE = tableOf((byte) => bytesOf(" \t\r\n").includes(byte));
const DIGIT = tableOf((byte) => byte >= ZERO && byte <= NINE);
const HEX_DIGIT = tableOf((byte) => bytesOf("0123456789abcdefABCDEF").includes(byte));
const ESCAPED = tableOf((byte) => bytesOf('"\\/bfnrt').includes(byte));
const LITERALS = ["true", "false", "null"].map(bytesOf);
const UNICODE_ESCAPE = 0x75;
const EXPONENT = tableOf((byte) => bytesOf("eE").includes(byte));

/**
 * Walks over one document. Each method takes the position of what it expects and returns the position after it.
 * Each throws a SyntaxError if something else is there.
 */
export class JsonScanner {
  readonly #bytes: Uint8Array;
  /** For each open container, the byte that closes it. Kept: an array that grows anew each time costs more than its use. */
  readonly #open: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  passSpace(from: number): number {
    let at = from;
    while (this.#isAt(at, WHITESPACE)) at++;
    return at;
  }

  /** Passes a key, the colon after it, and the space around the colon. */
  passKey(from: number): number {
    const at = this.passSpace(this.passString(from));
    return this.passSpace(this.#pass(at, COLON));
  }

  /** Passes what follows a value of a container: a comma and the space around it, or the byte that closes the container. */
  passSeparator(from: number, close: number): { readonly at: number; readonly closed: boolean } {
    const at = this.passSpace(from);
    if (this.#bytes[at] === close) return { at: at + 1, closed: true };
    return { at: this.passSpace(this.#pass(at, COMMA)), closed: false };
  }

  passString(from: number): number {
    const bytes = this.#bytes;
    let at = this.#pass(from, QUOTE);
    for (;;) {
      while (PLAIN[bytes[at] ?? 0] === 1) at++;
      if (bytes[at] === QUOTE) return at + 1;
      at = this.#passEscape(this.#pass(at, BACKSLASH));
    }
  }

  #passEscape(from: number): number {
    if (this.#isAt(from, ESCAPED)) return from + 1;
    const at = this.#pass(from, UNICODE_ESCAPE);
    for (let i = 0; i < 4; i++) if (!this.#isAt(at + i, HEX_DIGIT)) throw malformed();
    return at + 4;
  }

  /** Passes a value of any kind, however deep it is nested. */
  passValue(from: number): number {
    const bytes = this.#bytes;
    const open = this.#open;
    let depth = 0;
    let at = from;
    for (;;) {
      const first = bytes[at];
      if (first === OPEN_OBJECT || first === OPEN_LIST) {
        const close = first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST;
        at = this.passSpace(at + 1);
        if (bytes[at] !== close) {
          open[depth++] = close;
          if (close === CLOSE_OBJECT) at = this.passKey(at);
          continue;
        }
        at++;
      } else at = first === QUOTE ? this.passString(at) : this.#passScalar(at);
      // After a value: leaves the containers that end here.
      for (;;) {
        if (depth === 0) return at;
        const close = open[depth - 1];
        at = this.passSpace(at);
        if (bytes[at] !== close) {
          at = this.passSpace(this.#pass(at, COMMA));
          if (close === CLOSE_OBJECT) at = this.passKey(at);
          break;
        }
        depth--;
        at++;
      }
    }
  }

  /** A number, or a literal. */
  #passScalar(from: number): number {
    if (this.#bytes[from] === MINUS || this.#isAt(from, DIGIT)) return this.#passNumber(from);
    const literal = LITERALS.find((bytes) => bytes.every((byte, i) => this.#bytes[from + i] === byte));
    if (literal === undefined) throw malformed();
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
    return at < this.#bytes.length && table[this.#bytes[at] ?? 0] === 1;
  }

  #pass(at: number, byte: number): number {
    if (this.#bytes[at] !== byte) throw malformed();
    return at + 1;
  }
}

const malformed = (): SyntaxError => new SyntaxError("the document is not JSON");
