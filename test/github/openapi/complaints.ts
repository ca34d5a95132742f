/** GitHub's messages for an invalid request: after "Invalid request.", one line for each problem. */
import type { ErrorObject } from "ajv";

/** @returns GitHub's lines */
export function complaints(errors: readonly ErrorObject[]): string[] {
  const missing = new Map<string, string[]>();
  const lines: string[] = [];
  for (const error of errors) {
    if (error.keyword !== "required") lines.push(line(error));
    else
      missing.set(error.instancePath, [
        ...(missing.get(error.instancePath) ?? []),
        `"${error.params.missingProperty}"`,
      ]);
  }
  for (const names of missing.values())
    lines.push(`${names.join(", ")} ${names.length === 1 ? "wasn't" : "weren't"} supplied.`);
  return lines;
}

function line({ keyword, params, data, instancePath, message }: ErrorObject): string {
  if (keyword === "maxLength")
    return `Only ${params.limit} characters are allowed; ${[...String(data)].length} were supplied.`;
  if (keyword === "maxItems")
    return `No more than ${params.limit} items are allowed; ${Array.isArray(data) ? data.length : 0} were supplied.`;
  if (keyword === "additionalProperties") return `"${params.additionalProperty}" is not a permitted key.`;
  if (keyword === "enum") return `${shown(data)} is not a member of ${JSON.stringify(params.allowedValues)}.`;
  if (keyword === "type")
    return `For '${instancePath.replaceAll("/", "/properties/").slice(1)}', ${shown(data)} is not ${a(params.type)}.`;
  if (keyword === "format") return `${shown(data)} is not a valid ${params.format}.`;
  if (keyword === "anyOf" || keyword === "oneOf") return `No subschema in "${keyword}" matched.`;
  return `${message ?? keyword}.`;
}

const shown = (data: unknown): string => (data === null ? "nil" : JSON.stringify(data));

const a = (type: string): string => `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
