const encoder = new TextEncoder();
/** Most texts are: to look takes a fraction of the time that encoding takes. */
const ASCII = /^\p{ASCII}*$/u;

/** Bytes of a value as the platform counts them. */
export function bytesOf(value: unknown): number {
  if (typeof value === "string") return ASCII.test(value) ? value.length : encoder.encode(value).length;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  return value === null || value === undefined ? 0 : 8;
}

/** Whether it takes more bytes than that. Most texts need no counting: a character takes three at most. */
export const isLarger = (value: unknown, bytes: number): boolean =>
  !(typeof value === "string" && value.length * 3 <= bytes) && bytesOf(value) > bytes;
