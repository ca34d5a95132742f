import type { CallbackSender } from "../callback/sender.ts";
import type { Log } from "../log.ts";
import type { CreateSandbox, Sandbox, SandboxOutcome } from "../sandbox/sandbox.ts";
import type { ValidationRequest } from "../validation/request.ts";
import { createValidation, isFinished, type Validation } from "../validation/validation.ts";
import { History } from "./history.ts";

/** What the queue works with. */
export type ValidationsOptions = {
  createSandbox: CreateSandbox;
  callbacks: CallbackSender;
  concurrency: number;
  queueLimit: number;
  log: Log;
};

/** The answer to a request: taken on, taken on earlier under one of its keys, or no room for it. */
export type Acceptance = { kind: "accepted" | "known"; validation: Validation } | { kind: "full" };

/** Runs validations, a few at a time and first come first served, and knows what became of them. */
export class Validations {
  readonly #options: ValidationsOptions;
  readonly #history = new History();
  readonly #runs = new Map<string, Promise<void>>();
  #queue: Validation[] = [];
  #startedTotal = 0;
  #isClosing = false;

  constructor(options: ValidationsOptions) {
    this.#options = options;
  }

  /** Takes a request on unless one of its keys is known or there is no room. */
  accept(request: ValidationRequest, keys: readonly string[]): Acceptance {
    const known = this.#history.findByKeys(keys);
    if (known !== undefined) {
      // Who asks again has not heard of the outcome.
      if (isFinished(known)) this.#sendCallback(known);
      return { kind: "known", validation: known };
    }
    const { concurrency, queueLimit, log } = this.#options;
    if (this.#isClosing || this.#runs.size + this.#queue.length >= concurrency + queueLimit)
      return { kind: "full" };
    const validation = createValidation(request);
    this.#history.add(validation, keys);
    this.#queue.push(validation);
    log("validation.accepted", { ...logFields(validation), queued: this.#queue.length });
    // Later, so that whoever asked is answered "pending" before it runs.
    setImmediate(() => this.#startNext());
    return { kind: "accepted", validation };
  }

  find(id: string): Validation | undefined {
    return this.#history.find(id);
  }

  /** All of a project, newest first. */
  listProject(projectId: string): Validation[] {
    return this.#history.listProject(projectId);
  }

  /** Stops a validation and waits until its processes are gone; false when there is nothing to stop. */
  async cancel(id: string): Promise<boolean> {
    const validation = this.#history.find(id);
    if (validation === undefined || isFinished(validation)) return false;
    const run = this.#runs.get(id);
    if (run === undefined) {
      this.#queue = this.#queue.filter((waiting) => waiting !== validation);
      this.#finish(validation, { kind: "cancelled" });
    } else {
      validation.controller.abort();
      await run;
    }
    return validation.status === "cancelled";
  }

  counts(): { active: number; queued: number; startedTotal: number } {
    return { active: this.#runs.size, queued: this.#queue.length, startedTotal: this.#startedTotal };
  }

  /** Takes nothing on any more, stops everything, and resolves when no sandbox is left. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const waiting = this.#queue;
    this.#queue = [];
    for (const validation of waiting) this.#finish(validation, stopped());
    for (const id of this.#runs.keys()) this.#history.find(id)?.controller.abort();
    await Promise.all(this.#runs.values());
  }

  #startNext(): void {
    while (this.#runs.size < this.#options.concurrency) {
      const validation = this.#queue.shift();
      if (validation === undefined) return;
      this.#startedTotal += 1;
      const run = this.#run(validation).finally(() => {
        this.#runs.delete(validation.id);
        this.#startNext();
      });
      this.#runs.set(validation.id, run);
    }
  }

  async #run(validation: Validation): Promise<void> {
    validation.status = "running";
    validation.startedAt = new Date();
    this.#options.log("validation.running", logFields(validation));
    this.#sendCallback(validation);
    const outcome = await this.#runInSandbox(validation);
    this.#finish(validation, this.#isClosing && outcome.kind === "cancelled" ? stopped() : outcome);
  }

  async #runInSandbox(validation: Validation): Promise<SandboxOutcome> {
    let sandbox: Sandbox | undefined;
    try {
      sandbox = await this.#options.createSandbox(validation.request);
      validation.sandboxId = sandbox.id;
      return await sandbox.run(validation.controller.signal);
    } catch (error) {
      // A full disk or a bug: either way the place in the queue must become free again.
      const reason = error instanceof Error && "code" in error ? String(error.code) : "internal error";
      this.#options.log("sandbox.broken", { ...logFields(validation), reason });
      return { kind: "failed", error: `the sandbox could not be used: ${reason}` };
    } finally {
      await sandbox?.remove().catch(() => this.#options.log("sandbox.not_removed", logFields(validation)));
    }
  }

  #finish(validation: Validation, outcome: SandboxOutcome): void {
    const now = new Date();
    validation.status = outcome.kind;
    validation.completedAt = now;
    if (outcome.kind === "completed") {
      validation.results = {
        success: outcome.testResults.overall_success,
        sandbox_id: validation.sandboxId ?? "",
        completed_at: now.toISOString(),
        test_results: outcome.testResults,
      };
    } else if (outcome.kind === "failed") {
      validation.error = outcome.error;
      validation.results = { error: outcome.error, failed_at: now.toISOString() };
    } else {
      validation.results = { cancelled_at: now.toISOString() };
    }
    this.#history.finish(validation);
    const success = outcome.kind === "completed" ? outcome.testResults.overall_success : undefined;
    const durationMs = validation.startedAt && now.getTime() - validation.startedAt.getTime();
    this.#options.log(`validation.${outcome.kind}`, {
      ...logFields(validation),
      success,
      duration_ms: durationMs,
    });
    this.#sendCallback(validation);
  }

  #sendCallback(validation: Validation): void {
    const { id, request, status, results } = validation;
    this.#options.callbacks.send(request.webhookUrl, {
      validation_id: id,
      project_id: request.projectId,
      pr_number: request.prNumber,
      pr_url: request.prUrl,
      status,
      ...(results && { results }),
      timestamp: new Date().toISOString(),
    });
  }
}

function stopped(): SandboxOutcome {
  return { kind: "failed", error: "Grainchain was stopped before the validation had finished" };
}

function logFields(validation: Validation): Record<string, string | number> {
  const { projectId, prNumber } = validation.request;
  return { validation_id: validation.id, project_id: projectId, pr_number: prNumber };
}
