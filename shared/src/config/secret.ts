/** A secret, and its name in logs and counts. */
export interface LabeledSecret {
  readonly label: string;
  readonly secret: string;
}

/** A secret that GitHub signs deliveries with. */
export interface WebhookSecret extends LabeledSecret {
  /** Globs over `owner/repo`: it is valid for these repositories only. Undefined: for every repository. */
  readonly repositories?: readonly string[];
}

/**
 * Whether whitespace, a byte order mark among it, is at an end of a secret. It came with a line's end or from the
 * clipboard, and nobody else who has the secret has it: nothing that is signed with the two would match.
 */
export const hasWhitespaceAround = (text: string): boolean => text !== text.trim();

/** Whether two secrets are equal, in a time that depends on neither. */
export async function sameSecret(given: string, expected: string): Promise<boolean> {
  return sameDigest(...(await Promise.all([secretDigest(given), secretDigest(expected)])));
}

/** Whether two digests are equal, in a time that depends on neither. */
export const sameDigest = (a: Uint8Array, b: Uint8Array): boolean =>
  a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0;

/** The token of an `Authorization: Bearer` header; undefined if it has none. */
export function bearerToken(header: string | null | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

/** Secrets are compared by their digests, which all have one length. */
export async function secretDigest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
