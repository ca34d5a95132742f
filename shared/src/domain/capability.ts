/**
 * Capability callback URLs: a path that only the gateway can make, so that a Grainchain server that signs nothing
 * can still call back safely. The token is an HMAC-SHA256 of the validation's id (256 bits).
 */
const PURPOSE = "grainchain-callback:v1:";

/** The token for a validation's callbacks: 43 characters of base64url. */
export async function capabilityToken(secret: string, validationId: string): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", await hmacKey(secret), encode(validationId));
  return base64url(new Uint8Array(mac));
}

/** Whether a token is the one for this validation, in constant time. */
export async function verifyCapability(
  secret: string,
  validationId: string,
  token: string,
): Promise<boolean> {
  const mac = fromBase64url(token);
  if (mac === undefined) return false;
  return crypto.subtle.verify("HMAC", await hmacKey(secret), mac, encode(validationId));
}

/** The prefix that Grainchain appends `/webhook/status` to. */
export async function callbackUrl(baseUrl: string, secret: string, validationId: string): Promise<string> {
  const token = await capabilityToken(secret, validationId);
  return `${baseUrl.replace(/\/+$/, "")}/callbacks/${validationId}/${token}`;
}

const encode = (validationId: string): Uint8Array => new TextEncoder().encode(PURPOSE + validationId);

function hmacKey(secret: string) {
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Undefined for anything but a 256-bit token as {@link base64url} writes it: one form for one token. */
function fromBase64url(token: string): Uint8Array | undefined {
  // 43 characters hold two more bits, which are zeros.
  if (!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(token)) return undefined;
  const binary = atob(token.replaceAll("-", "+").replaceAll("_", "/"));
  return new Uint8Array(Array.from(binary, (char) => char.charCodeAt(0)));
}
