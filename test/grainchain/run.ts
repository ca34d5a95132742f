/** The runs of the Grainchain double: one a request key, however often it is asked for. */
import { once } from "node:events";
import { postCallback } from "./callback.ts";
import type { TriggerRequest } from "./trigger-request.ts";

export type RunStatus = "pending" | "running" | "completed" | "failed" | "cancelled";

/** What a run goes through once it was taken. */
export type Course = (run: Run) => Promise<void>;

export interface SandboxOptions {
  /** How often a callback is tried before it is lost. */
  readonly callbackTries: number;
  /** Grainchain's id of the n-th run, from 1. */
  readonly idOf: (request: TriggerRequest, n: number) => string;
}

/** One sandbox run. */
export class Run {
  readonly request: TriggerRequest;
  /** Grainchain's own id. */
  readonly id: string;
  readonly #sandboxes: Sandboxes;
  readonly #stopped = new AbortController();
  #status: RunStatus = "pending";
  #results: unknown = null;

  constructor(sandboxes: Sandboxes, request: TriggerRequest, id: string) {
    this.#sandboxes = sandboxes;
    this.request = request;
    this.id = id;
  }

  get status(): RunStatus {
    return this.#status;
  }

  get results(): unknown {
    return this.#results;
  }

  get finished(): boolean {
    return this.#status !== "pending" && this.#status !== "running";
  }

  /** Moves the run; one that has finished stays. @returns whether it moved */
  move(status: RunStatus, results: unknown = null): boolean {
    if (this.finished) return false;
    this.#status = status;
    this.#results = results;
    return true;
  }

  /** Stops the run as a cancel does. @returns false where it has finished */
  cancel(): boolean {
    if (!this.move("cancelled")) return false;
    this.#stopped.abort();
    return true;
  }

  /** Resolves once the run is cancelled. */
  async untilCancelled(): Promise<void> {
    if (!this.#stopped.signal.aborted) await once(this.#stopped.signal, "abort");
  }

  /** Tells the gateway where the run stands, or something else. */
  async tell(status: RunStatus = this.#status, results: unknown = this.#results): Promise<void> {
    await this.#sandboxes.tell(this, status, results);
  }
}

/** Every run there ever was. */
export class Sandboxes {
  /** By the gateway's id of the validation. */
  readonly runs = new Map<string, Run>();
  /** How often each validation was taken, the first time included. */
  readonly taken = new Map<string, number>();
  /** The answers to callbacks, in their order; 0 for none. */
  readonly callbackAnswers: number[] = [];
  /** The most that were in flight at any instant. */
  maxInFlight = 0;
  readonly #options: SandboxOptions;
  readonly #courses = new Set<Promise<void>>();
  #move: (url: string) => string = (url) => url;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return [...this.runs.values()].filter((run) => !run.finished).length;
  }

  /** Callbacks go elsewhere than the gateway says: it was told its address before it had one. */
  movedFrom(said: string, url: string): void {
    this.#move = (callbackUrl) => callbackUrl.replace(said, url);
  }

  /** Ends what a test that failed has left running. */
  stopAll(): void {
    for (const run of this.runs.values()) run.cancel();
    this.#courses.clear();
  }

  /** Takes a request: starts its run, or finds the one that its key started before. */
  take(request: TriggerRequest, course: Course): Run {
    const key = request.client_request_id;
    this.taken.set(key, (this.taken.get(key) ?? 0) + 1);
    const known = this.runs.get(key);
    if (known !== undefined) return known;
    const run = new Run(this, request, this.#options.idOf(request, this.runs.size + 1));
    this.runs.set(key, run);
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const going: Promise<void> = course(run).finally(() => this.#courses.delete(going));
    this.#courses.add(going);
    return run;
  }

  /** The newest run under one of Grainchain's ids. */
  find(id: string): Run | undefined {
    return [...this.runs.values()].findLast((run) => run.id === id);
  }

  /** Resolves once every course has come to its end, with its callbacks sent. */
  async ended(): Promise<void> {
    while (this.#courses.size > 0) await Promise.all(this.#courses);
  }

  async tell({ id, request }: Run, status: RunStatus, results: unknown): Promise<void> {
    const body = {
      validation_id: id,
      project_id: request.project_id,
      pr_number: request.pr_number,
      status,
      ...(results === null ? {} : { results }),
      timestamp: new Date().toISOString().replace("Z", ""),
    };
    const url = this.#move(request.webhook_url);
    this.callbackAnswers.push(await postCallback(url, body, this.#options.callbackTries));
  }
}
