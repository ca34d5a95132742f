/** Converts a GitHub App's private key: GitHub gives PKCS#1, WebCrypto reads PKCS#8 only. */
import { fromBase64, toBase64 } from "../text/base64.ts";

/** The App's credentials cannot be used. The message says how to fix them and quotes nothing of them. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

/** `SEQUENCE { OID rsaEncryption, NULL }` (RFC 8017, appendix A.1). */
const RSA_ENCRYPTION = [
  0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const VERSION_0 = [0x02, 0x01, 0x00];
const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;

/**
 * Converts a PEM into the form that WebCrypto imports.
 * @param given PKCS#1 or PKCS#8, with real or `\n`-escaped newlines
 * @throws CredentialsError
 */
export async function readPrivateKey(given: string): Promise<string> {
  if (given === "") throw new CredentialsError("GITHUB_APP_PRIVATE_KEY is missing beside GITHUB_APP_ID");
  const pem = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(
    given.replaceAll(String.raw`\r`, "").replaceAll(String.raw`\n`, "\n"),
  );
  if (pem === null) throw new CredentialsError(`GITHUB_APP_PRIVATE_KEY is ${unlikePem(given)}`);
  const [, label = "", body = ""] = pem;
  const der = labeled(label, decodeBase64(body));
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  try {
    await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  } catch {
    throw new CredentialsError("GITHUB_APP_PRIVATE_KEY is damaged: no RSA key can be read from it");
  }
  return `-----BEGIN PRIVATE KEY-----\n${toBase64(der)}\n-----END PRIVATE KEY-----\n`;
}

/** The old form of encryption is named in headers within the PEM (RFC 1421). */
const unlikePem = (given: string): string =>
  given.includes("ENCRYPTED")
    ? "encrypted: GitHub Apps have an unencrypted RSA private key"
    : "not a PEM: paste the whole .pem file";

function labeled(label: string, der: Uint8Array): Uint8Array {
  if (label === "PRIVATE KEY") return der;
  if (label === "RSA PRIVATE KEY") return wrapPkcs1(der);
  throw new CredentialsError(
    `GITHUB_APP_PRIVATE_KEY is a PEM of type "${label}": GitHub Apps have an unencrypted RSA private key`,
  );
}

/** PKCS#8 is PKCS#1 with its algorithm named (RFC 5208, section 5). */
function wrapPkcs1(der: Uint8Array): Uint8Array {
  const content = [...VERSION_0, ...RSA_ENCRYPTION, ...tagged(OCTET_STRING, [...der])];
  return new Uint8Array(tagged(SEQUENCE, content));
}

const tagged = (tag: number, content: readonly number[]): number[] => [
  tag,
  ...lengthOf(content.length),
  ...content,
];

/** DER's length: one byte up to 127, else the number of bytes that follow and those. */
function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function decodeBase64(text: string): Uint8Array {
  try {
    return fromBase64(text.replace(/\s/g, ""));
  } catch {
    throw new CredentialsError("GITHUB_APP_PRIVATE_KEY is damaged: its body is not base64");
  }
}
