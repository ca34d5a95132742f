/** The runs of the Grainchain double: one per request key, however often it is triggered. */
import { once } from "node:events";
import { postCallback } from "./callback.ts";
import type { TriggerRequest } from "./trigger-request.ts";

export type RunStatus = "pending" | "running" | "completed" | "failed" | "cancelled";

/** What a run goes through once it is accepted. */
export type Scenario = (run: Run) => Promise<void>;

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

  /** Sets the status, unless the run has finished. @returns whether it was set */
  move(status: RunStatus, results: unknown = null): boolean {
    if (this.finished) return false;
    this.#status = status;
    this.#results = results;
    return true;
  }

  /** Stops the run. @returns false if it has already finished */
  cancel(): boolean {
    if (!this.move("cancelled")) return false;
    this.#stopped.abort();
    return true;
  }

  /** Resolves once the run is cancelled. */
  async untilCancelled(): Promise<void> {
    if (!this.#stopped.signal.aborted) await once(this.#stopped.signal, "abort");
  }

  /** Sends a callback with the status of the run, or with another one. */
  async callBack(status: RunStatus = this.#status, results: unknown = this.#results): Promise<void> {
    await this.#sandboxes.callBack(this, status, results);
  }
}

/** All runs, including those that have finished. */
export class Sandboxes {
  /** By the gateway's id of the validation. */
  readonly runs = new Map<string, Run>();
  /** How often each validation was accepted, including the first time. */
  readonly accepted = new Map<string, number>();
  /** The statuses that callbacks were answered with, in order; 0 for no answer. */
  readonly callbackAnswers: number[] = [];
  /** The most runs that were in flight at any time. */
  maxInFlight = 0;
  readonly #options: SandboxOptions;
  readonly #going = new Set<Promise<void>>();
  #callbackUrl: (url: string) => string = (url) => url;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return [...this.runs.values()].filter((run) => !run.finished).length;
  }

  /** Replaces the start of callback URLs: the gateway is configured before its own address is known. */
  redirectCallbacks(from: string, to: string): void {
    this.#callbackUrl = (url) => url.replace(from, to);
  }

  /** Ends what a failed test has left running. */
  stopAll(): void {
    for (const run of this.runs.values()) run.cancel();
    this.#going.clear();
  }

  /** Accepts a request: starts its run, or finds the one that its key has already started. */
  accept(request: TriggerRequest, scenario: Scenario): Run {
    const key = request.client_request_id;
    this.accepted.set(key, (this.accepted.get(key) ?? 0) + 1);
    const known = this.runs.get(key);
    if (known !== undefined) return known;
    const run = new Run(this, request, this.#options.idOf(request, this.runs.size + 1));
    this.runs.set(key, run);
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const going: Promise<void> = scenario(run).finally(() => this.#going.delete(going));
    this.#going.add(going);
    return run;
  }

  /** The newest run under one of Grainchain's ids. */
  find(id: string): Run | undefined {
    return [...this.runs.values()].findLast((run) => run.id === id);
  }

  /** Resolves once every scenario has ended, with its callbacks sent. */
  async ended(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going);
  }

  async callBack({ id, request }: Run, status: RunStatus, results: unknown): Promise<void> {
    const body = {
      validation_id: id,
      project_id: request.project_id,
      pr_number: request.pr_number,
      status,
      ...(results === null ? {} : { results }),
      timestamp: new Date().toISOString().replace("Z", ""),
    };
    const url = this.#callbackUrl(request.webhook_url);
    this.callbackAnswers.push(await postCallback(url, body, this.#options.callbackTries));
  }
}
