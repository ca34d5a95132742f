/** @returns the value of a JSON text; undefined if it is not JSON, since JSON itself has no undefined */
export function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
