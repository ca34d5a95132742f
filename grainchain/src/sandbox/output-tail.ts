/** How much of a step's output is kept: the end of it. */
export const MAX_OUTPUT_BYTES = 8 * 1024;

/** Keeps the last bytes of a stream in bounded memory, however much is written. */
export class OutputTail {
  #bytes: Buffer = Buffer.alloc(0);
  readonly #maxBytes: number;

  constructor(maxBytes: number = MAX_OUTPUT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  append(chunk: Buffer): void {
    // Copied, so that a small tail does not keep a large read buffer alive.
    const end = chunk.subarray(Math.max(0, chunk.length - this.#maxBytes));
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + end.length - this.#maxBytes));
    this.#bytes = Buffer.concat([kept, end]);
  }

  /** The tail as text, at most the limit in UTF-8 bytes, with `note` as its last line when given. */
  text(note?: string): string {
    if (note === undefined)
      return lastBytes(this.#bytes.toString("utf8", startOfText(this.#bytes)), this.#maxBytes);
    const body = this.text();
    const separator = body === "" || body.endsWith("\n") ? "" : "\n";
    return lastBytes(`${body}${separator}${note}\n`, this.#maxBytes);
  }
}

/** Cuts a text to its last `maxBytes` UTF-8 bytes without splitting a character. */
function lastBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const end = bytes.subarray(bytes.length - maxBytes);
  return end.toString("utf8", startOfText(end));
}

/** Where the first whole character begins: at most three continuation bytes can come before it. */
function startOfText(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start;
}
