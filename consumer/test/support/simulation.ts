/**
 * The consumer in a world that fails: a queue that repeats and reorders, a D1 that fails before or after it has done
 * what it was asked, a Grainchain that fails likewise, and a clock that jumps. Everything follows from one seed.
 */
import { env } from "cloudflare:workers";
import type { CallbackFact, Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { cancelReplay, startReplay } from "@webhook-gateway/shared/store/maintain/replays.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { type Invocation, startInvocation } from "../../../test/platform/invocation.ts";
import type { RandomSource } from "../../../test/support/random.ts";
import { cancelDue } from "../../src/dispatch/cancel.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { createGrainchain } from "../../src/dispatch/grainchain.ts";
import { watchStale } from "../../src/dispatch/watchdog.ts";
import { recordDeadLetters } from "../../src/record/dead-letters.ts";
import { recordBatch } from "../../src/record/record.ts";
import { replayDue } from "../../src/recover/replay.ts";
import { faulty } from "./database.ts";
import { message, POLICY } from "./recording.ts";

/** Shares of calls that fail. */
export interface Faults {
  readonly database: number;
  readonly grainchain: number;
  /** Validations that Grainchain refuses for good, and messages that the queue gives up. */
  readonly deaths?: number;
}

interface Run {
  readonly grainchainId: string;
  status: "running" | "completed" | "cancelled";
  readonly success: boolean;
}

const MAX_STEPS = 3_000;
const CALM: Faults = { database: 0, grainchain: 0 };

export class Simulation {
  readonly #random: RandomSource;
  #faults: Faults = CALM;
  #nowMs = Date.UTC(2026, 10, 1, 12);
  #queue: Fact[] = [];
  #ids = 0;
  readonly #operators: boolean;
  /** What ran at Grainchain, by our id: each at most once. */
  readonly runs = new Map<string, Run>();
  /** Errors that were logged, and that no fault of the simulation explains. */
  readonly problems: string[] = [];
  /** What a consumer needs in one invocation. */
  readonly #deps;

  /** @param operators whether somebody replays, cancels and re-runs meanwhile */
  constructor(random: RandomSource, operators = false) {
    this.#random = random;
    this.#operators = operators;
    const now = () => new Date(this.#nowMs);
    const config = {
      apiUrl: "http://grainchain.test",
      apiPrefix: "",
      apiKey: undefined,
      validationTimeoutMs: 60_000,
      maxMemory: "512MB",
      requestTimeoutMs: 30_000,
      maxAgeMs: 3_600_000,
      callbackBaseUrl: "http://gateway.test",
      callbackSecret: "secret",
      maxConcurrent: 0,
      maxPerRepository: 0,
      maxAttempts: 1_000,
    };
    const db = faulty(env.DB, () =>
      this.#chance(this.#faults.database) ? (this.#chance(0.5) ? "before" : "after") : "never",
    );
    const fetcher: typeof fetch = (input, init) => this.#grainchain(String(input), init);
    this.#deps = (invocation: Invocation) => ({
      db: invocation.database(db),
      grainchain: createGrainchain(config, invocation.fetch(fetcher), now),
      config,
      policy: POLICY,
      log: createLog({ debug: false, write: (level, line) => this.#notice(level, line) }),
      now,
      random,
      newId: () => `id-${++this.#ids}`,
    });
  }

  #notice(level: string, line: string): void {
    if (level === "error" && !line.includes("injected")) this.problems.push(line);
  }

  /** Puts facts on the queue, in any order and some of them twice. */
  send(facts: readonly Fact[]): void {
    for (const fact of facts) {
      this.#enqueue(fact);
      if (this.#chance(0.3)) this.#enqueue(fact);
    }
  }

  /** Takes random steps while calls fail. */
  async burst(steps: number, faults: Faults): Promise<void> {
    this.#faults = faults;
    for (let step = 0; step < steps; step++) await this.#step();
    this.#faults = CALM;
  }

  /** Takes steps until nothing is left to do. @throws where that does not come */
  async calm(): Promise<void> {
    for (let step = 0; step < MAX_STEPS; step++) {
      if (this.#queue.length === 0 && (await this.#idle())) return;
      await this.#step();
    }
    const left = await env.DB.batch([
      env.DB.prepare(
        "SELECT id, state, attempts, due_at, lease_until FROM validations WHERE finished_at IS NULL",
      ),
      env.DB.prepare("SELECT * FROM cancels WHERE status = 'due'"),
      env.DB.prepare("SELECT name, value FROM settings"),
    ]);
    const now = new Date(this.#nowMs).toISOString();
    const open = left.map(({ results }) => results);
    throw new Error(`there is no end to it at ${now}: ${this.#queue.length} facts, ${JSON.stringify(open)}`);
  }

  async #idle(): Promise<boolean> {
    const row = await env.DB.prepare(
      `SELECT (SELECT count(*) FROM validations WHERE finished_at IS NULL)
            + (SELECT count(*) FROM dead_letters WHERE status IN ('open', 'replaying'))
            + (SELECT count(*) FROM replays WHERE status = 'running')
            + (SELECT count(*) FROM cancels WHERE status = 'due') AS open`,
    ).first<{ open: number }>();
    return row?.open === 0;
  }

  /** Up to three things at once, as with several consumers. */
  async #step(): Promise<void> {
    const atOnce = 1 + Math.floor(this.#random() * 3);
    await Promise.all(Array.from({ length: atOnce }, () => this.#act()));
  }

  async #act(): Promise<void> {
    if (this.#operators && this.#chance(0.3)) return this.#operate();
    const choice = this.#random();
    if (choice < 0.4) await this.#recordSome();
    else if (choice < 0.6) await dispatchDue(this.#deps(startInvocation())).catch(ignoreInjected);
    else if (choice < 0.7) await cancelDue(this.#deps(startInvocation())).catch(ignoreInjected);
    else if (choice < 0.75) await watchStale(this.#deps(startInvocation())).catch(ignoreInjected);
    else if (choice < 0.85) this.#finishOne();
    else this.#nowMs += Math.floor(this.#random() * 90_000);
  }

  /** An operator, or what works for one. Once the burst is over, they only replay. */
  async #operate(): Promise<void> {
    const now = new Date(this.#nowMs).toISOString();
    const choice = this.#random();
    if (choice < 0.5) await replayDue(this.#deps(startInvocation())).catch(ignoreInjected);
    else if (choice < 0.8 || this.#faults === CALM) await this.#startReplay(now);
    else if (choice < 0.9) {
      const running = await this.#anyOf("SELECT id FROM replays WHERE status = 'running' ORDER BY id");
      if (running !== undefined) {
        const asked = { id: `cancel-${++this.#ids}`, actor: "operator:ada" };
        await cancelReplay(this.#deps(startInvocation()).db, running, asked, now).catch(ignoreInjected);
      }
    } else {
      const id = await this.#anyOf("SELECT id FROM validations ORDER BY id");
      const order = this.#chance(0.6) ? "rerun" : "cancel";
      const head = { v: 1, kind: "order", id: `order-${++this.#ids}`, received_at: now } as const;
      if (id !== undefined) this.send([{ ...head, order, validation_id: id }]);
    }
  }

  /** Of all that is open, or of what somebody has just seen to be. */
  async #startReplay(now: string): Promise<void> {
    const seen = await this.#anyOf("SELECT id FROM dead_letters ORDER BY id");
    const scope = seen === undefined || this.#chance(0.5) ? { all: true as const } : { ids: [seen] };
    const start = { action: "replay", requestedBy: "ada", reason: null, rate: 6000, scope } as const;
    await startReplay(this.#deps(startInvocation()).db, { ...start, id: `replay-${++this.#ids}` }, now).catch(
      ignoreInjected,
    );
  }

  async #anyOf(sql: string): Promise<string | undefined> {
    const { results } = await env.DB.prepare(sql).all<{ id: string }>();
    return results[Math.floor(this.#random() * results.length)]?.id;
  }

  /** What is not acknowledged stays; so does, sometimes, what is. */
  async #recordSome(): Promise<void> {
    const batch = this.#queue.splice(0, 1 + Math.floor(this.#random() * 8));
    if (batch.length === 0) return;
    const messages = batch.map((fact) => message(JSON.parse(JSON.stringify(fact))));
    if (this.#chance(this.#faults.deaths ?? 0)) {
      const verdicts = await recordDeadLetters(this.#deps(startInvocation()), messages);
      batch.forEach((fact, index) => {
        if (verdicts[index] !== "ack") this.#enqueue(fact);
      });
      return;
    }
    const { verdicts } = await recordBatch(this.#deps(startInvocation()), messages);
    batch.forEach((fact, index) => {
      if (verdicts[index] !== "ack" || this.#chance(0.1)) this.#enqueue(fact);
    });
  }

  #enqueue(fact: Fact): void {
    this.#queue.splice(Math.floor(this.#random() * (this.#queue.length + 1)), 0, fact);
  }

  #finishOne(): void {
    const running = [...this.runs].filter(([, run]) => run.status === "running");
    const picked = running[Math.floor(this.#random() * running.length)];
    if (picked === undefined) return;
    const [id, run] = picked;
    run.status = "completed";
    // Some callbacks are lost: the watchdog is for those.
    if (!this.#chance(0.2)) this.send([this.#callback(id, run)]);
  }

  #callback(id: string, run: Run): CallbackFact {
    return {
      v: 1,
      kind: "callback",
      id: `callback-${++this.#ids}`,
      received_at: new Date(this.#nowMs).toISOString(),
      id_kind: "ours",
      validation_id: id,
      grainchain_id: run.grainchainId,
      project_id: "octo/widgets",
      pr_number: 1,
      status: run.status,
      success: run.success,
      occurred_at: null,
      error: null,
      results: { success: run.success },
      results_stored: false,
    };
  }

  /** Before it has done anything, or after it: then the answer is lost and the run goes on. */
  async #grainchain(url: string, init: RequestInit | undefined): Promise<Response> {
    const fails = this.#chance(this.#faults.grainchain);
    if (fails && this.#chance(0.5)) return this.#failure();
    const answer = this.#serve(new URL(url).pathname, init);
    return fails ? this.#failure() : answer;
  }

  #failure(): Response {
    const kinds = [503, 429, 500, 401, 408];
    const status = kinds[Math.floor(this.#random() * kinds.length)];
    return new Response("fault", { status: status ?? 500, headers: { "retry-after": "7" } });
  }

  #serve(path: string, init: RequestInit | undefined): Response {
    if (path === "/trigger-batch") {
      const { requests }: { requests: { client_request_id: string }[] } = JSON.parse(String(init?.body));
      return Response.json({ results: requests.map((request) => this.#trigger(request.client_request_id)) });
    }
    const [, grainchainId, action] = path.split("/");
    const found = [...this.runs.values()].find((run) => run.grainchainId === grainchainId);
    if (found === undefined) return new Response("unknown", { status: 404 });
    if (action === "status")
      return Response.json({ status: found.status, results: { success: found.success } });
    if (found.status !== "running") return new Response("finished", { status: 404 });
    found.status = "cancelled";
    return Response.json({ success: true, message: "cancelled" });
  }

  #trigger(id: string) {
    let run = this.runs.get(id);
    if (run === undefined && this.#chance(this.#faults.deaths ?? 0)) {
      return { client_request_id: id, success: false, status: "failed", error_class: "permanent" };
    }
    if (run === undefined) {
      run = { grainchainId: `g-${this.runs.size + 1}`, status: "running", success: this.#chance(0.7) };
      this.runs.set(id, run);
      if (this.#chance(0.5)) this.send([this.#callback(id, run)]);
    } else if (run.status !== "running") {
      this.send([this.#callback(id, run)]);
    }
    return {
      client_request_id: id,
      success: true,
      message: "",
      validation_id: run.grainchainId,
      status: "pending",
    };
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}

/** Injected faults may end an effect; anything else is a bug. */
function ignoreInjected(thrown: unknown): void {
  if (!(thrown instanceof Error) || !thrown.message.includes("injected")) throw thrown;
}
