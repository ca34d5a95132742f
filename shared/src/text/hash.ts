const utf8 = new TextEncoder();

const sha256 = (text: string): Promise<ArrayBuffer> => crypto.subtle.digest("SHA-256", utf8.encode(text));

export const sha256Hex = async (text: string): Promise<string> => hex(new Uint8Array(await sha256(text)));

/** The first 128 bits: 32 digits. */
export const shortSha256Hex = async (text: string): Promise<string> =>
  hex(new Uint8Array(await sha256(text), 0, 16));

/** The HMAC-SHA256 of a text. */
export async function hmacSha256(secret: Uint8Array, text: string): Promise<ArrayBuffer> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return crypto.subtle.sign("HMAC", key, utf8.encode(text));
}

/** In one piece: a text that is put together of others is slow to write as JSON. */
export function hex(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    codes.push(digitCode(byte >> 4), digitCode(byte & 15));
  }
  return String.fromCharCode(...codes);
}

const digitCode = (value: number): number => value + (value < 10 ? 0x30 : 0x57);
