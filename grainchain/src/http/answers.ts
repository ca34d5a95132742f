import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isFinished, type Validation, type ValidationStatus } from "../validation/validation.ts";

/** The answer to one request for a validation. A refusal has an empty id and the status `failed`. */
export type TriggerAnswer = {
  client_request_id?: string;
  success: boolean;
  message: string;
  validation_id: string;
  status: ValidationStatus;
  /** Set if repeating the request cannot help. */
  error_class?: "permanent";
};

const REFUSED = { success: false, validation_id: "", status: "failed" } as const;

/** Refuses a request for lack of room; the same request may be accepted later. */
export const FULL: TriggerAnswer = { ...REFUSED, message: "no room at present, try again later" };

/** Refuses a request that is itself wrong. */
export const invalidAnswer = (message: string): TriggerAnswer => ({
  ...REFUSED,
  message,
  error_class: "permanent",
});

/**
 * Accepts a request, or repeats that it was accepted. A finished validation is reported as `pending`: the outcome
 * comes by callback only, and `failed` at trigger time would mean that there is no room.
 */
export function acceptedAnswer(validation: Validation, message: string): TriggerAnswer {
  const status = isFinished(validation) ? "pending" : validation.status;
  return { success: true, message, validation_id: validation.id, status };
}

/** Answers with an error, in the form that every route uses. */
export function refuse(
  context: Context,
  status: ContentfulStatusCode,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return context.json({ success: false, error: { code, message } }, status, headers);
}
