import { isFinished, type Validation, type ValidationStatus } from "../validation/validation.ts";

/** An error as every route reports it. */
export type ErrorBody = { success: false; error: { code: string; message: string } };

/** The answer to one request for a validation. A refusal has an empty id and the status `failed`. */
export type TriggerAnswer = {
  client_request_id?: string;
  success: boolean;
  message: string;
  validation_id: string;
  status: ValidationStatus;
  /** Set where repeating the request cannot help. */
  error_class?: "permanent";
};

export function errorBody(code: string, message: string): ErrorBody {
  return { success: false, error: { code, message } };
}

/**
 * Accepts a request, or says again that it was accepted. Of one that has finished it says `pending`: the outcome
 * comes by callback only, and `failed` at trigger time would mean that there is no room.
 */
export function acceptedAnswer(validation: Validation, message: string): TriggerAnswer {
  const status = isFinished(validation) ? "pending" : validation.status;
  return { success: true, message, validation_id: validation.id, status };
}

/** Refuses a request that is wrong in itself. */
export function invalidAnswer(message: string): TriggerAnswer {
  return { success: false, message, validation_id: "", status: "failed", error_class: "permanent" };
}

/** Refuses a request for want of room; the same request may be accepted later. */
export function fullAnswer(): TriggerAnswer {
  return {
    success: false,
    message: "no room at present, try again later",
    validation_id: "",
    status: "failed",
  };
}
