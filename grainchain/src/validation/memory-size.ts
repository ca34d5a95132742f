const UNIT_EXPONENTS: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4 };

/**
 * Reads a size such as "512MB", "1GB" or a plain number of bytes; units are powers of 1024.
 * @returns bytes; undefined for anything that is not a size
 */
export function parseMemorySize(size: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(String(size).trim());
  const exponent = UNIT_EXPONENTS[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || exponent === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * 1024 ** exponent);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size for people, such as "512 MiB". */
export function formatBytes(bytes: number): string {
  return bytes >= 1024 ** 2 ? `${Math.round(bytes / 1024 ** 2)} MiB` : `${bytes} bytes`;
}
