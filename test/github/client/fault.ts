/** Faults of GitHub, as data. Does not use Node, so that tests in workerd can use it too. */
import * as v from "valibot";

const match = v.object({
  /** The operation's id in the OpenAPI description: `checks/create`. */
  operation_id: v.exactOptional(v.string()),
  method: v.exactOptional(v.string()),
  /** The source of a regular expression. */
  path: v.exactOptional(v.string()),
  /** The installation of the token, or the one that a token is requested for. */
  installation_id: v.exactOptional(v.number()),
});

const outcome = v.object({
  status: v.exactOptional(v.number()),
  headers: v.exactOptional(v.record(v.string(), v.string())),
  /** A string is sent unchanged, with `{request_id}` filled in; anything else as JSON. */
  body: v.exactOptional(v.unknown()),
  delay_ms: v.exactOptional(v.number()),
  /** There is never an answer. */
  hang: v.exactOptional(v.literal(true)),
  /** The connection is closed. */
  reset: v.exactOptional(v.literal(true)),
  /** The request is performed first: its answer is lost, replaced or late. */
  after: v.exactOptional(v.literal(true)),
  /** A later page of a list starts with this many entries of the page before it. */
  repeat: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

export const fault = v.pipe(
  v.object({
    match: v.optional(match, {}),
    /** How many requests it applies to. 0: until it is cleared. */
    times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1),
    ...outcome.entries,
  }),
  v.check(
    ({ status, delay_ms, hang, reset, repeat }) =>
      [status, delay_ms, hang, reset, repeat].some((one) => one !== undefined),
    "a fault has to change something",
  ),
);

/** The requests that a fault applies to (default: all). */
export type FaultMatch = v.InferInput<typeof match>;
/** What happens to them. */
export type FaultOutcome = v.InferInput<typeof outcome>;
export type Fault = v.InferOutput<typeof fault>;

const RATE_LIMITS =
  "https://docs.github.com/free-pro-team@latest/rest/using-the-rest-api/rate-limits-for-the-rest-api";

const refusal = (status: number, message: string, documentation_url = "https://docs.github.com/rest") => ({
  status,
  body: { message, documentation_url, status: String(status) },
});

/** Too many requests at once. GitHub does not always send Retry-After: `null` leaves it out. */
export const secondaryRateLimit = (
  retryAfterSeconds: number | null = 60,
  status: 403 | 429 = 403,
): FaultOutcome => ({
  status,
  headers: retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) },
  body: JSON.stringify({
    documentation_url: `${RATE_LIMITS}#about-secondary-rate-limits`,
    message:
      "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. " +
      "If you reach out to GitHub Support for help, please include the request ID {request_id}.",
    status: String(status),
  }),
});

/** The hourly budget is spent. */
export const primaryRateLimit = (
  resetInSeconds = 3600,
  status: 403 | 429 = 403,
  now: number = Date.now(),
): FaultOutcome => ({
  ...refusal(status, "API rate limit exceeded for installation ID 1.", RATE_LIMITS),
  headers: {
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-used": "5000",
    "x-ratelimit-reset": String(Math.ceil(now / 1000) + resetInSeconds),
    "x-ratelimit-resource": "core",
  },
});

export const serverError: FaultOutcome = { status: 500, body: { message: "Server Error" } };

/** The proxy in front of GitHub answers, and not in JSON. */
export const badGateway: FaultOutcome = {
  status: 502,
  headers: { "content-type": "text/html" },
  body: "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\r\n",
};

/** GitHub's answer to a token that has expired or was revoked. */
export const badCredentials: FaultOutcome = refusal(401, "Bad credentials");

/** GitHub's answer for missing and for hidden resources. */
export const notFound: FaultOutcome = refusal(404, "Not Found");

/** GitHub's answer to an App without the permission. */
export const forbidden: FaultOutcome = refusal(403, "Resource not accessible by integration");

export const validationFailed = (
  errors: readonly Readonly<Record<string, unknown>>[] = [{ resource: "CheckRun", code: "custom" }],
): FaultOutcome => {
  const { status, body } = refusal(422, "Validation Failed");
  return { status, body: { ...body, errors } };
};

/** The request is served after a delay. */
export const slow = (delay_ms: number): FaultOutcome => ({ delay_ms });

export const hangs: FaultOutcome = { hang: true };

export const resets: FaultOutcome = { reset: true };

/** The request is performed, and the connection is closed before the answer. */
export const lostAnswer: FaultOutcome = { reset: true, after: true };

/** The request is performed, and the answer is delayed. */
export const lateAnswer = (delay_ms: number): FaultOutcome => ({ delay_ms, after: true });

/** New entries shift the list while it is read. Use it with `times` 0, or for a single page. */
export const repeatedEntries = (repeat: number): FaultOutcome => ({ repeat });
