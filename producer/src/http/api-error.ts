/** Errors as a client sees them: a code, a status, and a message for a person. */
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Every code and its status. */
const STATUS = {
  missing_header: 400,
  invalid_header: 400,
  invalid_json: 400,
  invalid_payload: 400,
  invalid_project_id: 400,
  invalid_query: 400,
  invalid_body: 400,
  invalid_signature: 401,
  unauthorized: 401,
  forbidden: 403,
  secret_not_for_repository: 403,
  not_found: 404,
  method_not_allowed: 405,
  replay_under_way: 409,
  not_held: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal_error: 500,
  overloaded: 503,
  queue_unavailable: 503,
  storage_unavailable: 503,
  access_unavailable: 503,
} as const satisfies Record<string, ContentfulStatusCode>;

export type ErrorCode = keyof typeof STATUS;

export interface ApiError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Instead of what was asked for. */
export interface Refused {
  readonly error: ApiError;
}

/** The response for an error. */
export function errorResponse(error: ApiError, requestId: string): Response {
  const { code, message } = error;
  const body = { success: false, error: { code, message }, request_id: requestId };
  return Response.json(body, { status: STATUS[code], headers: { ...error.headers } });
}
