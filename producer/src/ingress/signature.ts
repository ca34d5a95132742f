/**
 * `sha256=<hex>` signatures over raw bytes. Not over text: a body that is not UTF-8, or that starts with a
 * byte order mark, changes when it is decoded and encoded again.
 */
import type { LabeledSecret } from "@webhook-gateway/shared/config/secret.ts";

/** GitHub and Grainchain write lower-case hex; anything else is malformed. */
const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/** Whether a header can hold a signature at all. If not, the body is not worth keeping. */
export const isSignature = (header: string | null): header is string => SIGNATURE.test(header ?? "");

/**
 * Verifies against each secret in turn, in constant time for each. Keys are imported once.
 * @returns a function that gives the label of the secret that matched; undefined if none does, if the signature is
 *   missing or malformed, or if the body is empty
 */
export function createVerifier(secrets: readonly LabeledSecret[]) {
  const keys = secrets.map(({ label, secret }) => ({ label, key: importKey(secret) }));
  return async function verify(body: Uint8Array, header: string | undefined): Promise<string | undefined> {
    const hex = SIGNATURE.exec(header ?? "")?.[1];
    if (hex === undefined || body.byteLength === 0) return undefined;
    const signature = fromHex(hex);
    for (const { label, key } of keys) {
      if (await crypto.subtle.verify("HMAC", await key, signature, body)) return label;
    }
    return undefined;
  };
}

function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = hexDigit(hex.charCodeAt(2 * i)) * 16 + hexDigit(hex.charCodeAt(2 * i + 1));
  }
  return bytes;
}

/** The value of a digit or a lower-case letter. */
const hexDigit = (code: number): number => code - (code < 0x61 ? 0x30 : 0x57);
