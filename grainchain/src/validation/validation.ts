import { randomUUID } from "node:crypto";
import type { ValidationRequest } from "./request.ts";
import type { ValidationResults } from "./results.ts";

export type ValidationStatus = "pending" | "running" | "completed" | "failed" | "cancelled";

/** One validation, from its acceptance until it is forgotten. */
export type Validation = {
  id: string;
  request: ValidationRequest;
  /** Each names the request: a repetition under one of them is not run again. */
  keys: readonly string[];
  status: ValidationStatus;
  /** Stops the run. */
  controller: AbortController;
  results?: ValidationResults;
  error?: string;
  startedAt?: Date;
  completedAt?: Date;
  sandboxId?: string;
};

/** Creates a waiting validation. People can read its id, and nobody can guess it. */
export function createValidation(request: ValidationRequest, keys: readonly string[]): Validation {
  const project = request.project_id.replace("/", "_");
  return {
    id: `val_${project}_${request.pr_number}_${randomUUID()}`,
    request,
    keys,
    status: "pending",
    controller: new AbortController(),
  };
}

export function isFinished({ status }: Validation): boolean {
  return status !== "pending" && status !== "running";
}

/** What the status and project routes show of a validation: above all not its webhook URL. */
export function viewValidation({ id, request, ...validation }: Validation) {
  return {
    validation_id: id,
    project_id: request.project_id,
    pr_number: request.pr_number,
    status: validation.status,
    results: validation.results,
    error: validation.error,
    started_at: validation.startedAt?.toISOString(),
    completed_at: validation.completedAt?.toISOString(),
    sandbox_id: validation.sandboxId,
  };
}
