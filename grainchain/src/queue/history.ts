import type { StepResult, ValidationResults } from "../validation/results.ts";
import type { Validation } from "../validation/validation.ts";

/** How much is remembered of finished validations. */
export type HistoryLimits = { maxFinished: number; maxAgeMs: number; maxResultBytes: number };

const DEFAULT_LIMITS: HistoryLimits = {
  maxFinished: 10_000,
  maxAgeMs: 24 * 60 * 60_000,
  maxResultBytes: 64 * 1024 ** 2,
};

type Finished = { validation: Validation; finishedAtMs: number; resultBytes: number };

/**
 * Remembers validations by their id and their keys, the finished ones within limits: the oldest lose the output of
 * their steps first and are forgotten later.
 */
export class History {
  readonly #limits: HistoryLimits;
  readonly #byId = new Map<string, Validation>();
  readonly #byKey = new Map<string, Validation>();
  /** Oldest first. */
  readonly #finished: Finished[] = [];
  #resultBytes = 0;

  constructor(limits: HistoryLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  add(validation: Validation): void {
    this.#byId.set(validation.id, validation);
    for (const key of validation.keys) this.#byKey.set(key, validation);
  }

  find(id: string): Validation | undefined {
    this.#forgetOld();
    return this.#byId.get(id);
  }

  /** The validation that one of the keys was used for. */
  findByKeys(keys: readonly string[]): Validation | undefined {
    this.#forgetOld();
    return keys.map((key) => this.#byKey.get(key)).find((validation) => validation !== undefined);
  }

  /** All validations of a project, newest first. */
  listProject(projectId: string): Validation[] {
    this.#forgetOld();
    return [...this.#byId.values()].filter((each) => each.request.project_id === projectId).reverse();
  }

  /** Notes that a validation has finished. Its results must be set. */
  finish(validation: Validation): void {
    const resultBytes = Buffer.byteLength(JSON.stringify(validation.results ?? null));
    this.#finished.push({ validation, finishedAtMs: Date.now(), resultBytes });
    this.#resultBytes += resultBytes;
    this.#forgetOld();
    this.#dropOldOutputs();
  }

  #forgetOld(): void {
    const { maxFinished, maxAgeMs } = this.#limits;
    for (let oldest = this.#finished[0]; oldest !== undefined; oldest = this.#finished[0]) {
      if (this.#finished.length <= maxFinished && Date.now() - oldest.finishedAtMs <= maxAgeMs) return;
      this.#finished.shift();
      this.#resultBytes -= oldest.resultBytes;
      this.#byId.delete(oldest.validation.id);
      for (const key of oldest.validation.keys) this.#byKey.delete(key);
    }
  }

  #dropOldOutputs(): void {
    for (const finished of this.#finished) {
      if (this.#resultBytes <= this.#limits.maxResultBytes) return;
      const { validation, resultBytes } = finished;
      if (validation.results !== undefined) validation.results = withoutOutputs(validation.results);
      this.#resultBytes -= resultBytes;
      finished.resultBytes = 0;
    }
  }
}

function withoutOutputs(results: ValidationResults): ValidationResults {
  if (!("test_results" in results)) return results;
  const test_results = { ...results.test_results };
  for (const [name, value] of Object.entries(test_results)) {
    if (isStepResult(value)) test_results[name] = { ...value, output: "" };
  }
  return { ...results, test_results };
}

function isStepResult(value: StepResult | boolean | number | string): value is StepResult {
  return typeof value === "object";
}
