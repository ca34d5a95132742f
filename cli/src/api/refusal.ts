/** What comes back where a request is not answered as it was meant. */
import * as v from "valibot";
import { EXIT, GatewayError } from "../exit.ts";

/** A request that failed: refused by the gateway, or not answered at all. */
export class ApiError extends GatewayError {
  override readonly name = "ApiError";
  /** The gateway's own, or `unreachable`, `timeout`, `not_a_gateway`. */
  readonly code: string;
  /** Of HTTP; 0 where there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, status: number, exitCode: number = EXIT.failed) {
    super(message, exitCode);
    this.code = code;
    this.status = status;
  }

  /** The same request may well be answered a little later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const refusal = v.object({
  error: v.object({ code: v.string(), message: v.string() }),
  request_id: v.optional(v.string()),
});

/** What the request asked for. */
export interface Asked {
  /** It changes something: that is for operators. */
  readonly order: boolean;
  /** A 404 says that what is named is not known; without a name it says that there is no such route. */
  readonly named: boolean;
}

/** Tells a refusal in words that say what to do. */
export function readRefusal(status: number, answer: unknown, asked: Asked, url: string): ApiError {
  const parsed = v.safeParse(refusal, answer);
  if (!parsed.success) {
    return new ApiError("not_a_gateway", `what answers at ${url} is no gateway (HTTP ${status})`, status);
  }
  const { error, request_id: requestId } = parsed.output;
  const fail = (message: string, exitCode?: number): ApiError =>
    new ApiError(error.code, message, status, exitCode);
  const tokens = asked.order ? "OPERATOR_TOKEN" : "OPERATOR_TOKEN or READER_TOKEN";
  switch (status) {
    case 401:
      return fail(`GATEWAY_TOKEN is refused: it has to be the gateway's ${tokens}`);
    case 403:
      return fail(`GATEWAY_TOKEN is a reader's: this needs the operator's (the gateway's ${tokens})`);
    case 404:
      if (asked.named) return fail(error.message, EXIT.nothingMatched);
      return fail(`the gateway at ${url} does not know this request: it may be of another version`);
    case 400:
      return fail(error.message, EXIT.usage);
    default:
      return fail(requestId === undefined ? error.message : `${error.message} (request ${requestId})`);
  }
}
