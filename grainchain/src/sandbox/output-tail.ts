/** How much of the end of a step's output is kept. */
const MAX_OUTPUT_BYTES = 8 * 1024;

/** Keeps the last bytes of a stream, in bounded memory. */
export class OutputTail {
  #bytes: Buffer = Buffer.alloc(0);
  readonly #maxBytes: number;

  constructor(maxBytes: number = MAX_OUTPUT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  append(chunk: Buffer): void {
    // A copy, so that a small tail does not keep a large read buffer alive.
    const end = chunk.subarray(Math.max(0, chunk.length - this.#maxBytes));
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + end.length - this.#maxBytes));
    this.#bytes = Buffer.concat([kept, end]);
  }

  /** The tail as text, at most the limit in UTF-8 bytes, with `note` as its last line. */
  text(note?: string): string {
    const text = lastCharacters(this.#bytes, this.#maxBytes);
    const lineBreak = text === "" || text.endsWith("\n") ? "" : "\n";
    const lastLine = note === undefined ? "" : `${lineBreak}${note}\n`;
    // Measured again: every byte that is not UTF-8 has become a character of three bytes.
    return lastCharacters(Buffer.from(text + lastLine), this.#maxBytes);
  }
}

/** The last whole characters within `maxBytes` bytes of UTF-8. */
function lastCharacters(bytes: Buffer, maxBytes: number): string {
  const end = bytes.subarray(Math.max(0, bytes.length - maxBytes));
  let start = 0;
  // At most three continuation bytes can come before the first whole character.
  while (start < 3 && ((end[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return end.toString("utf8", start);
}
