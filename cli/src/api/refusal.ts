/** Requests that failed, and why. */
import * as v from "valibot";
import { EXIT, GatewayError } from "../exit.ts";
import { isTimeout, unreachableReason } from "./http.ts";

/** The gateway refused, or did not answer at all. */
export class ApiError extends GatewayError {
  override readonly name = "ApiError";
  /** The gateway's error code, or `unreachable`, `timeout`, `not_a_gateway`. */
  readonly code: string;
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, status: number, exitCode: number = EXIT.failed) {
    super(message, exitCode);
    this.code = code;
    this.status = status;
  }

  /** The same request may succeed a little later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const refusal = v.object({
  error: v.object({ code: v.string(), message: v.string() }),
  request_id: v.optional(v.string()),
});

/** A request without an answer. */
export const noAnswer = (thrown: unknown, url: string, timeoutMs: number): ApiError =>
  isTimeout(thrown)
    ? new ApiError("timeout", `no answer from ${url} within ${timeoutMs / 1000} s`, 0)
    : new ApiError("unreachable", `no gateway answers at ${url}${unreachableReason(thrown)}`, 0);

export interface RequestKind {
  /** It changes something, which is for operators alone. */
  readonly changes: boolean;
  /** It names one thing: a 404 says that this does not exist. Otherwise a 404 says that the route does not exist. */
  readonly named: boolean;
}

/** Turns a refusal into an error that says what to do. */
export function readRefusal(status: number, answer: unknown, request: RequestKind, url: string): ApiError {
  const parsed = v.safeParse(refusal, answer);
  if (!parsed.success) {
    return new ApiError("not_a_gateway", `${url} does not answer like a gateway (HTTP ${status})`, status);
  }
  const { error, request_id: requestId } = parsed.output;
  const fail = (message: string, exitCode?: number): ApiError =>
    new ApiError(error.code, message, status, exitCode);
  const tokens = request.changes ? "OPERATOR_TOKEN" : "OPERATOR_TOKEN or READER_TOKEN";
  if (error.code === "not_held") return fail(error.message, EXIT.nothingMatched);
  switch (status) {
    case 401:
      return fail(`GATEWAY_TOKEN is refused: set it to the gateway's ${tokens}`);
    case 403:
      return fail(`GATEWAY_TOKEN is a reader's token: set it to the gateway's ${tokens}`);
    case 404:
      if (request.named) return fail(error.message, EXIT.nothingMatched);
      return fail(`the gateway at ${url} does not know this request: it may run another version`);
    case 400:
      return fail(error.message, EXIT.usage);
    default:
      return fail(requestId === undefined ? error.message : `${error.message} (request ${requestId})`);
  }
}
