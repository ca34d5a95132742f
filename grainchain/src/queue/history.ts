import type { StepResult, ValidationResults } from "../validation/results.ts";
import type { Validation } from "../validation/validation.ts";

const MAX_FINISHED = 10_000;
const MAX_FINISHED_AGE_MS = 24 * 60 * 60_000;
const MAX_RESULT_BYTES = 64 * 1024 ** 2;

/** How much is remembered of what has finished. */
export type HistoryLimits = { maxFinished: number; maxAgeMs: number; maxResultBytes: number };

const DEFAULT_LIMITS: HistoryLimits = {
  maxFinished: MAX_FINISHED,
  maxAgeMs: MAX_FINISHED_AGE_MS,
  maxResultBytes: MAX_RESULT_BYTES,
};

type Finished = { id: string; finishedAtMs: number; resultBytes: number };

/**
 * Remembers validations by their id and by the keys of their requests, the finished ones within bounds.
 * The oldest lose the output of their steps first and are forgotten later.
 */
export class History {
  readonly #limits: HistoryLimits;
  readonly #byId = new Map<string, Validation>();
  readonly #idByKey = new Map<string, string>();
  readonly #keysById = new Map<string, readonly string[]>();
  /** Oldest first. */
  #finished: Finished[] = [];
  #resultBytes = 0;

  constructor(limits: HistoryLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  add(validation: Validation, keys: readonly string[]): void {
    this.#byId.set(validation.id, validation);
    this.#keysById.set(validation.id, keys);
    for (const key of keys) this.#idByKey.set(key, validation.id);
  }

  find(id: string): Validation | undefined {
    this.#forgetOld(Date.now());
    return this.#byId.get(id);
  }

  /** The validation one of the keys was used for. */
  findByKeys(keys: readonly string[]): Validation | undefined {
    for (const key of keys) {
      const validation = this.find(this.#idByKey.get(key) ?? "");
      if (validation !== undefined) return validation;
    }
    return undefined;
  }

  /** All of a project, newest first. */
  listProject(projectId: string): Validation[] {
    this.#forgetOld(Date.now());
    return [...this.#byId.values()].filter((each) => each.request.projectId === projectId).reverse();
  }

  /** Notes that a validation has finished; call it once its results stand. */
  finish(validation: Validation): void {
    const resultBytes = Buffer.byteLength(JSON.stringify(validation.results ?? null));
    this.#finished.push({ id: validation.id, finishedAtMs: Date.now(), resultBytes });
    this.#resultBytes += resultBytes;
    this.#forgetOld(Date.now());
    this.#dropOldOutputs();
  }

  #forgetOld(now: number): void {
    const tooMany = this.#finished.length - this.#limits.maxFinished;
    const firstKept = this.#finished.findIndex(
      (each, index) => index >= tooMany && now - each.finishedAtMs <= this.#limits.maxAgeMs,
    );
    const forgotten = this.#finished.splice(0, firstKept < 0 ? this.#finished.length : firstKept);
    for (const { id, resultBytes } of forgotten) {
      this.#resultBytes -= resultBytes;
      this.#byId.delete(id);
      for (const key of this.#keysById.get(id) ?? []) this.#idByKey.delete(key);
      this.#keysById.delete(id);
    }
  }

  #dropOldOutputs(): void {
    for (const each of this.#finished) {
      if (this.#resultBytes <= this.#limits.maxResultBytes) return;
      const validation = this.#byId.get(each.id);
      if (validation?.results !== undefined) validation.results = withoutOutputs(validation.results);
      this.#resultBytes -= each.resultBytes;
      each.resultBytes = 0;
    }
  }
}

function withoutOutputs(results: ValidationResults): ValidationResults {
  if (!("test_results" in results)) return results;
  const entries = Object.entries(results.test_results).map(([name, value]) => [
    name,
    isStepResult(value) ? { ...value, output: "" } : value,
  ]);
  return { ...results, test_results: { ...results.test_results, ...Object.fromEntries(entries) } };
}

function isStepResult(value: StepResult | boolean | number | string): value is StepResult {
  return typeof value === "object";
}
