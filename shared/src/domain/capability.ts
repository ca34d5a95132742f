/**
 * Capability URLs: paths that only the gateway can make, for those who have no other credential. A callback's lets a
 * Grainchain server that signs nothing call back safely. The token is an HMAC-SHA256 of the validation's id (256 bits).
 */
import { fromBase64Url, toBase64Url } from "../text/base64.ts";

/** What a capability is for. Each purpose has a key of its own, so a token of one is worth nothing for another. */
export type CapabilityPurpose = "callback" | "run-page";

/** The token for a validation: 43 characters of base64url. */
export async function capabilityToken(
  secret: string,
  validationId: string,
  purpose: CapabilityPurpose = "callback",
): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", await keyFor(secret, purpose), encode(validationId));
  return toBase64Url(new Uint8Array(mac));
}

/** Whether a token is the one for this validation, in constant time. */
export async function verifyCapability(
  secret: string,
  validationId: string,
  token: string,
  purpose: CapabilityPurpose = "callback",
): Promise<boolean> {
  const mac = macOf(token);
  if (mac === undefined) return false;
  const key = await keyFor(secret, purpose);
  if (await crypto.subtle.verify("HMAC", key, mac, encode(validationId))) return true;
  return purpose === "callback" && verifyOldCallback(secret, validationId, mac);
}

/** The prefix that Grainchain appends `/webhook/status` to. */
export async function callbackUrl(baseUrl: string, secret: string, validationId: string): Promise<string> {
  const token = await capabilityToken(secret, validationId);
  return `${baseUrl.replace(/\/+$/, "")}/callbacks/${validationId}/${token}`;
}

/** The path of a run's page, for anyone who can see its check. */
export const runPagePath = async (secret: string, validationId: string): Promise<string> =>
  `/runs/${encodeURIComponent(validationId.toWellFormed())}/${await capabilityToken(secret, validationId, "run-page")}`;

/** The address of that page. */
export const runPageUrl = async (baseUrl: string, secret: string, validationId: string): Promise<string> =>
  baseUrl.replace(/\/+$/, "") + (await runPagePath(secret, validationId));

/** Derived keys by purpose and secret: an isolate knows a few secrets. */
const derivedKeys = new Map<string, ReturnType<typeof deriveKey>>();

function keyFor(secret: string, purpose: CapabilityPurpose): ReturnType<typeof deriveKey> {
  const name = `${purpose} ${secret}`;
  const known = derivedKeys.get(name);
  if (known !== undefined) return known;
  const key = deriveKey(secret, purpose);
  derivedKeys.set(name, key);
  return key;
}

/** By HKDF ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)). */
async function deriveKey(secret: string, purpose: CapabilityPurpose) {
  const base = await crypto.subtle.importKey("raw", encode(secret), "HKDF", false, ["deriveKey"]);
  const info = encode(`webhook-gateway ${purpose} capability`);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const algorithm = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(derivation, base, algorithm, false, ["sign", "verify"]);
}

const OLD_PURPOSE = "grainchain-callback:v1:";

/**
 * The tokens of earlier versions, whose key was the secret itself. Validations that have one end within
 * `VALIDATION_MAX_AGE_SECONDS` (6 h) of the upgrade: the release after 0.1 no longer needs this.
 */
async function verifyOldCallback(secret: string, validationId: string, mac: Uint8Array): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encode(secret), algorithm, false, ["verify"]);
  return crypto.subtle.verify("HMAC", key, mac, encode(OLD_PURPOSE + validationId));
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Undefined for anything but a 256-bit token as it is made here: one form for one token. */
function macOf(token: string): Uint8Array | undefined {
  // 43 characters hold two more bits, which are zeros.
  return /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(token) ? fromBase64Url(token) : undefined;
}
