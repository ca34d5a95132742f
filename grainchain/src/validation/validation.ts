import { randomUUID } from "node:crypto";
import type { ValidationRequest } from "./request.ts";
import type { ValidationResults } from "./results.ts";

export type ValidationStatus = "pending" | "running" | "completed" | "failed" | "cancelled";

/** One validation, from its acceptance until it is forgotten. */
export type Validation = {
  id: string;
  request: ValidationRequest;
  status: ValidationStatus;
  /** Stops the run. */
  controller: AbortController;
  results?: ValidationResults;
  error?: string;
  startedAt?: Date;
  completedAt?: Date;
  sandboxId?: string;
};

/** A validation as the status and project routes show it. */
export type ValidationView = {
  validation_id: string;
  project_id: string;
  pr_number: number;
  status: ValidationStatus;
  results?: ValidationResults;
  error?: string;
  started_at?: string;
  completed_at?: string;
  sandbox_id?: string;
};

/** Begins a validation that waits for its turn. Its id can be read by people and guessed by nobody. */
export function createValidation(request: ValidationRequest): Validation {
  const project = request.projectId.replace("/", "_");
  return {
    id: `val_${project}_${request.prNumber}_${randomUUID()}`,
    request,
    status: "pending",
    controller: new AbortController(),
  };
}

/** Tells whether nothing will happen to a validation any more. */
export function isFinished(validation: Validation): boolean {
  return validation.status !== "pending" && validation.status !== "running";
}

/** What may be shown of a validation: above all not its webhook URL. */
export function viewValidation(validation: Validation): ValidationView {
  return {
    validation_id: validation.id,
    project_id: validation.request.projectId,
    pr_number: validation.request.prNumber,
    status: validation.status,
    ...(validation.results && { results: validation.results }),
    ...(validation.error !== undefined && { error: validation.error }),
    ...(validation.startedAt && { started_at: validation.startedAt.toISOString() }),
    ...(validation.completedAt && { completed_at: validation.completedAt.toISOString() }),
    ...(validation.sandboxId !== undefined && { sandbox_id: validation.sandboxId }),
  };
}
