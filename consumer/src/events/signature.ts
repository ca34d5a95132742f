/** Signatures of Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). */
import { fromBase64, toBase64 } from "@webhook-gateway/shared/text/base64.ts";
import { hmacSha256 } from "@webhook-gateway/shared/text/hash.ts";

/** The headers that sign a message. @param id the same however often it is sent */
export async function signatureHeaders(
  secret: string,
  id: string,
  nowMs: number,
  body: string,
): Promise<Record<string, string>> {
  const timestamp = Math.floor(nowMs / 1000);
  const mac = await hmacSha256(keyOf(secret), `${id}.${timestamp}.${body}`);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${toBase64(new Uint8Array(mac))}`,
  };
}

/** Libraries take a secret as base64, with or without a prefix. What cannot be base64 is taken as it is. */
function keyOf(secret: string): Uint8Array {
  const text = secret.replace(/^whsec_/, "");
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
  return isBase64 ? fromBase64(text) : new TextEncoder().encode(text);
}
