/** How many bytes a text takes in UTF-8. */
export const byteLength = (text: string): number => new TextEncoder().encode(text).byteLength;

/** Whether a text takes more bytes in UTF-8. It takes at most three for each unit of UTF-16: most are never encoded. */
export const exceedsBytes = (text: string, maxBytes: number): boolean =>
  text.length * 3 > maxBytes && byteLength(text) > maxBytes;

/** Cuts a text to at most so many bytes of UTF-8, between characters. */
export function cutText(text: string, maxBytes: number): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(maxBytes)).read);
}
