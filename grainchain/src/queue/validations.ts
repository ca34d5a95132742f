import type { CallbackSender } from "../callback/sender.ts";
import { errorCode } from "../error-code.ts";
import type { Log } from "../log.ts";
import type { ProviderName } from "../provider/provider-name.ts";
import type { CreateSandbox, Sandbox, SandboxOutcome } from "../sandbox/sandbox.ts";
import type { ValidationRequest } from "../validation/request.ts";
import type { ValidationResults } from "../validation/results.ts";
import { createValidation, isFinished, type Validation } from "../validation/validation.ts";
import { History } from "./history.ts";

export type ValidationsOptions = {
  createSandbox: CreateSandbox;
  /** Named in results. */
  provider: ProviderName;
  callbacks: CallbackSender;
  concurrency: number;
  queueLimit: number;
  log: Log;
};

/** The answer to a request: accepted, accepted earlier under one of its keys, or refused for lack of room. */
export type Acceptance = { kind: "accepted" | "known"; validation: Validation } | { kind: "full" };

const STOPPED: SandboxOutcome = {
  kind: "failed",
  error: "Grainchain was stopped before the validation had finished",
};

/** Runs validations, a few at a time in the order of their acceptance, and remembers their outcomes. */
export class Validations {
  readonly #options: ValidationsOptions;
  /** The validations of this server, by id, key and project. */
  readonly history = new History();
  readonly #runs = new Map<string, Promise<void>>();
  #queue: Validation[] = [];
  #startedTotal = 0;
  #isClosing = false;

  constructor(options: ValidationsOptions) {
    this.#options = options;
  }

  /** Accepts a request, unless one of its keys is known or there is no room. */
  accept(request: ValidationRequest, keys: readonly string[]): Acceptance {
    const known = this.history.findByKeys(keys);
    if (known !== undefined) {
      // A sender that asks again has not received the outcome.
      if (isFinished(known)) this.#sendCallback(known);
      return { kind: "known", validation: known };
    }
    const { concurrency, queueLimit, log } = this.#options;
    if (this.#isClosing || this.#runs.size + this.#queue.length >= concurrency + queueLimit)
      return { kind: "full" };
    const validation = createValidation(request, keys);
    this.history.add(validation);
    this.#queue.push(validation);
    log("validation.accepted", { ...logFields(validation), queued: this.#queue.length });
    // Later, so that the request is answered with "pending" before the validation runs.
    setImmediate(() => this.#startNext());
    return { kind: "accepted", validation };
  }

  /** Stops a validation and waits until its processes are gone; false if there is nothing to stop. */
  async cancel(id: string): Promise<boolean> {
    const validation = this.history.find(id);
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

  /** Accepts nothing more, stops everything, and resolves when no sandbox is left. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const waiting of this.#queue.splice(0)) this.#finish(waiting, STOPPED);
    for (const id of this.#runs.keys()) this.history.find(id)?.controller.abort();
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
    this.#finish(validation, this.#isClosing && outcome.kind === "cancelled" ? STOPPED : outcome);
  }

  async #runInSandbox(validation: Validation): Promise<SandboxOutcome> {
    const { createSandbox, log } = this.#options;
    let sandbox: Sandbox | undefined;
    try {
      sandbox = await createSandbox(validation.request);
      validation.sandboxId = sandbox.id;
      return await sandbox.run(validation.controller.signal);
    } catch (error) {
      // A full disk or a bug: in any case, the place in the queue must become free again.
      const reason = errorCode(error, "internal error");
      log("sandbox.broken", { ...logFields(validation), reason });
      return { kind: "failed", error: `the sandbox could not be used: ${reason}` };
    } finally {
      await sandbox?.remove().catch(() => log("sandbox.not_removed", logFields(validation)));
    }
  }

  #finish(validation: Validation, outcome: SandboxOutcome): void {
    const now = new Date();
    validation.status = outcome.kind;
    validation.completedAt = now;
    validation.results = resultsOf(outcome, {
      sandboxId: validation.sandboxId ?? "",
      provider: this.#options.provider,
      now: now.toISOString(),
    });
    if (outcome.kind === "failed") validation.error = outcome.error;
    this.history.finish(validation);
    this.#options.log(`validation.${outcome.kind}`, {
      ...logFields(validation),
      success: outcome.kind === "completed" ? outcome.testResults.overall_success : undefined,
      duration_ms: validation.startedAt && now.getTime() - validation.startedAt.getTime(),
    });
    this.#sendCallback(validation);
  }

  #sendCallback({ id, request, status, results }: Validation): void {
    this.#options.callbacks.send(request.webhook_url, {
      validation_id: id,
      project_id: request.project_id,
      pr_number: request.pr_number,
      pr_url: request.pr_url,
      status,
      results,
      timestamp: new Date().toISOString(),
    });
  }
}

function resultsOf(
  outcome: SandboxOutcome,
  { sandboxId, provider, now }: { sandboxId: string; provider: ProviderName; now: string },
): ValidationResults {
  switch (outcome.kind) {
    case "completed": {
      const { testResults, treeSha, skipped } = outcome;
      return {
        success: testResults.overall_success,
        sandbox_id: sandboxId,
        completed_at: now,
        provider,
        tree_sha: treeSha,
        ...(skipped !== undefined && { skipped }),
        test_results: testResults,
      };
    }
    case "failed":
      return { error: outcome.error, failed_at: now };
    case "cancelled":
      return { cancelled_at: now };
  }
}

function logFields({ id, request }: Validation): Record<string, string | number> {
  return { validation_id: id, project_id: request.project_id, pr_number: request.pr_number };
}
