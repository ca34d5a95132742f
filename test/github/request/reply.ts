/** What the double answers. */

export interface Reply {
  readonly status: number;
  /** As JSON; a bigint is a number of as many digits. `undefined`: there is none. */
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

  /** The refusal as it is sent. */
  reply(documentation_url: string): Reply {
    const { message, errors, status } = this;
    const details = errors === undefined ? {} : { errors };
    return { status, body: { message, ...details, documentation_url, status: String(status) } };
  }
}

/** What GitHub says of what is not there, and of what may not be seen. */
export const notFound = (): Refusal => new Refusal(404, "Not Found");

/** What GitHub says where a request breaks the description of its body or parameters. */
export const invalidRequest = (lines: readonly string[]): Refusal =>
  new Refusal(422, `Invalid request.\n\n${lines.join("\n")}`);

/** What GitHub says where one field breaks a rule of the resource. */
export const invalidField = (resource: string, field: string | undefined, message: string): Refusal =>
  new Refusal(422, "Validation Failed", [
    { resource, code: "custom", ...(field === undefined ? {} : { field }), message },
  ]);

/** JSON in which a bigint is a number, as GitHub's ids of 64 bits are. */
export function toJson(body: unknown): string {
  const text = JSON.stringify(body, (_, value: unknown) =>
    typeof value === "bigint" ? `\u0000${value}\u0000` : value,
  );
  return text.replaceAll(/"\\u0000(\d+)\\u0000"/g, "$1");
}

/** A moment as GitHub writes it. */
export const timestamp = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
