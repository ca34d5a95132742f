/** A secret, and its name in logs and counts. */
export interface LabeledSecret {
  readonly label: string;
  readonly secret: string;
}

/**
 * Whether whitespace, a byte order mark among it, is at an end of a secret. It came with a line's end or from the
 * clipboard, and whoever else has the secret has none of it: nothing that is signed with the two would match.
 */
export const hasWhitespaceAround = (text: string): boolean => text !== text.trim();

/** Whether two secrets are equal, in a time that depends on neither. */
export async function sameSecret(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([digest(given), digest(expected)]);
  return a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0;
}

/** The token of an `Authorization: Bearer` header; undefined if it has none. */
export function bearerToken(header: string | null | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
