/** A Grainchain that runs what it is given, and calls back: sometimes twice, late, or never. */
import { answerAfter, latency } from "../machine/answer.ts";
import { type Answer, jsonAnswer } from "../machine/bodies.ts";
import type { Clock } from "../machine/clock.ts";
import type { Traffic } from "../report/spec.ts";

interface TriggerRequest {
  readonly client_request_id: string;
  readonly project_id: string;
  readonly pr_number: number;
  readonly head_sha: string;
  readonly webhook_url: string;
}

type Status = "pending" | "running" | "completed" | "cancelled";

export interface Run {
  readonly id: string;
  readonly request: TriggerRequest;
  status: Status;
  readonly success: boolean;
  readonly bytes: number;
  /** When it was asked for. */
  readonly atMs: number;
}

const LATENCY_MS = [20, 120] as const;
/** From its start to its end. */
const RUN_MS = [30_000, 120_000] as const;
/** Shares of runs. */
const REPEATS = 0.01;
const LATE = 0.005;
const NEVER = 0.005;
const LATE_MS = 600_000;
/** As the embedded one does; then the callback is lost. */
const RETRIES_MS = [1_000, 5_000, 25_000, 125_000];

export class Grainchain {
  hangs = false;
  /** By the gateway's id. */
  readonly runs = new Map<string, Run>();
  readonly counts = {
    calls: 0,
    refused: 0,
    repeated: 0,
    hung: 0,
    callbacks: 0,
    callbacksRefused: 0,
    lost: 0,
    maxInFlight: 0,
  };
  readonly #byId = new Map<string, Run>();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #capacity: number;
  readonly #resultBytes: readonly [number, number];
  readonly #callBack: (url: string, body: string) => Promise<number>;
  #inFlight = 0;

  constructor(
    clock: Clock,
    random: () => number,
    { capacity, resultBytes }: Traffic,
    callBack: (url: string, body: string) => Promise<number>,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#capacity = capacity;
    this.#resultBytes = resultBytes;
    this.#callBack = callBack;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  fetch(url: string, init: RequestInit | undefined): Promise<Answer> {
    this.counts.calls++;
    return answerAfter(this.#clock, latency(this.#random, LATENCY_MS), init?.signal, () => {
      const hangs = this.hangs;
      if (hangs) this.counts.hung++;
      // What hangs may have done its work.
      if (hangs && this.#random() < 0.5) return "hang";
      const answer = this.#serve(new URL(url).pathname, init);
      return hangs ? "hang" : answer;
    });
  }

  #serve(path: string, init: RequestInit | undefined): Answer {
    if (path === "/health") return jsonAnswer({ status: "healthy" });
    if (path.endsWith("/trigger-batch")) {
      const { requests } = JSON.parse(String(init?.body)) as { requests: TriggerRequest[] };
      return jsonAnswer({ results: requests.map((request) => this.#trigger(request)) });
    }
    if (path.endsWith("/trigger")) return jsonAnswer(this.#trigger(JSON.parse(String(init?.body))));
    const [id = "", action] = path.split("/").slice(-2);
    const run = this.#byId.get(decodeURIComponent(id));
    if (run === undefined) return jsonAnswer({ detail: "not found" }, { status: 404 });
    if (action === "status") return jsonAnswer({ ...this.#describe(run), ...this.#resultsOf(run) });
    if (run.status === "completed") return jsonAnswer({ detail: "finished" }, { status: 404 });
    this.#end(run, "cancelled");
    return jsonAnswer({ success: true, message: "cancelled" });
  }

  #trigger(request: TriggerRequest) {
    const { client_request_id } = request;
    const known = this.runs.get(client_request_id);
    if (known !== undefined) {
      this.counts.repeated++;
      return { client_request_id, success: true, message: "known", ...this.#describe(known) };
    }
    if (this.#inFlight >= this.#capacity) {
      this.counts.refused++;
      return {
        client_request_id,
        success: false,
        message: "at capacity",
        validation_id: "",
        status: "failed",
      };
    }
    const random = this.#random;
    const [least, most] = this.#resultBytes;
    const bytes = Math.round(least * (most / least) ** random());
    const id = `run-${this.runs.size + 1}`;
    const atMs = this.#clock.nowMs;
    const run: Run = { id, request, status: "pending", success: random() < 0.8, bytes, atMs };
    this.runs.set(client_request_id, run);
    this.#byId.set(id, run);
    this.#inFlight++;
    this.counts.maxInFlight = Math.max(this.counts.maxInFlight, this.#inFlight);
    this.#perform(run);
    return { client_request_id, success: true, message: "accepted", ...this.#describe(run) };
  }

  #perform(run: Run): void {
    const random = this.#random;
    const [least, most] = RUN_MS;
    this.#clock.after(1_000 + 2_000 * random(), () => {
      if (run.status !== "pending") return;
      run.status = "running";
      void this.#tell(run, "running");
    });
    this.#clock.after(least + (most - least) * random(), () => {
      if (run.status === "cancelled") return;
      this.#end(run, "completed");
      const fate = random();
      if (fate < NEVER) return;
      const lateMs = fate < NEVER + LATE ? LATE_MS : 0;
      this.#clock.after(lateMs, () => void this.#tell(run, "completed"));
      if (random() < REPEATS) this.#clock.after(lateMs + 2_000, () => void this.#tell(run, "completed"));
    });
  }

  #end(run: Run, status: Status): void {
    if (run.status === "pending" || run.status === "running") this.#inFlight--;
    run.status = status;
  }

  async #tell(run: Run, status: Status): Promise<void> {
    this.counts.callbacks++;
    const { request } = run;
    const body = JSON.stringify({
      validation_id: run.id,
      project_id: request.project_id,
      pr_number: request.pr_number,
      status,
      timestamp: new Date().toISOString(),
      ...(status === "completed" ? this.#resultsOf(run) : {}),
    });
    for (const ms of [...RETRIES_MS, Number.NaN]) {
      const answered = await this.#callBack(`${request.webhook_url}/webhook/status`, body);
      if (answered >= 400 && answered < 500) this.counts.callbacksRefused++;
      if (answered < 500) return;
      if (!Number.isNaN(ms)) await this.#clock.wait(ms);
    }
    this.counts.lost++;
  }

  #describe({ id, request, status }: Run) {
    return { validation_id: id, project_id: request.project_id, pr_number: request.pr_number, status };
  }

  #resultsOf({ status, success, bytes }: Run): object {
    if (status !== "completed") return {};
    const step = { status: success ? "passed" : "failed", exit_code: success ? 0 : 1, duration_ms: 30_000 };
    const output = "ok 1 - a test that passes\n".repeat(Math.ceil(bytes / 26));
    const test_results = { overall_success: success, execution_time: 30, test: { ...step, output } };
    return { results: { success, sandbox_id: "sandbox", test_results } };
  }
}
