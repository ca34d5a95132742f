/** The system's code of an error, such as ENOENT. Its message is left out: it may hold a path or a URL. */
export function errorCode(error: unknown, fallback = "unknown error"): string {
  return error instanceof Error && "code" in error ? String(error.code) : fallback;
}
