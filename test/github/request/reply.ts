/** The answers of the double. */

export interface Reply {
  readonly status: number;
  /** Sent as JSON; a bigint becomes a number. `undefined`: there is no body. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One entry of a refusal's `errors`. */
export interface FieldError {
  readonly resource: string;
  readonly code: string;
  readonly field?: string;
  readonly message?: string;
}

/** Ends the handling of a request with one of GitHub's errors. */
export class Refusal extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;

  constructor(status: number, message: string, errors?: readonly FieldError[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }

  /** The answer for this refusal. */
  reply(documentation_url: string): Reply {
    const { message, errors, status } = this;
    const details = errors === undefined ? {} : { errors };
    return { status, body: { message, ...details, documentation_url, status: String(status) } };
  }
}

/** GitHub's answer for missing and hidden resources. */
export const notFound = (): Refusal => new Refusal(404, "Not Found");

/** GitHub's answer to a body or parameters that do not match the description. */
export const invalidRequest = (lines: readonly string[]): Refusal =>
  new Refusal(422, `Invalid request.\n\n${lines.join("\n")}`);

/** GitHub's answer to a field that violates a rule of its resource. */
export const invalidField = (resource: string, field: string | undefined, message: string): Refusal =>
  new Refusal(422, "Validation Failed", [
    { resource, code: "custom", ...(field === undefined ? {} : { field }), message },
  ]);

/** JSON with bigints as numbers, for GitHub's ids of 64 bits. */
export function toJson(body: unknown): string {
  const text = JSON.stringify(body, (_, value: unknown) =>
    typeof value === "bigint" ? `\u0000${value}\u0000` : value,
  );
  return text.replaceAll(/"\\u0000(\d+)\\u0000"/g, "$1");
}

/** A time in GitHub's format. */
export const timestamp = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
