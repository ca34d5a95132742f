import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createLog } from "../../src/log.ts";
import type { CreateSandbox, SandboxOutcome } from "../../src/sandbox/sandbox.ts";
import { type GrainchainOptions, startGrainchain } from "../../src/server.ts";
import { startReceiver } from "./receiver.ts";
import { commitFiles, makeDirectory } from "./repositories.ts";

export const SOME_SHA = "a".repeat(40);

/** A request as the gateway sends it. */
export function requestBody(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    project_id: "acme/app",
    pr_number: 7,
    pr_url: "https://github.com/acme/app/pull/7",
    head_sha: SOME_SHA,
    base_sha: "",
    webhook_url: "http://127.0.0.1:9/hook/capability-token",
    ...fields,
  };
}

/** A server whose runs wait for the test, for tests of everything around them. */
export async function startHeld(options: GrainchainOptions = {}) {
  const sandboxes = createHeldSandboxes();
  return { ...sandboxes, ...(await startSystem({ createSandbox: sandboxes.createSandbox, ...options })) };
}

/** A server on a free port, with a receiver for its callbacks. */
export async function startSystem(options: GrainchainOptions = {}) {
  const reposDir = makeDirectory();
  const receiver = await startReceiver();
  const logLines: string[] = [];
  const log = createLog((line) => logLines.push(line));
  const provider = { name: "local", isolation: "none" } as const;
  const fast = { port: 0, callbackBackoffMs: 10, provider };
  const server = await startGrainchain({ ...fast, reposDir, log, ...options });
  onTestFinished(() => server.close());
  const api = `${server.url}${options.apiPrefix ?? "/api/v1/validation"}`;
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${api}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: text }),
    });
    const data: unknown = await response.json();
    return { status: response.status, headers: response.headers, data };
  };
  return {
    server,
    api,
    receiver,
    reposDir,
    logLines,
    send,
    trigger: (fields: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
      send("POST", "/trigger", requestBody({ webhook_url: receiver.url, ...fields }), headers),
    triggerBatch: (items: unknown[]) => send("POST", "/trigger-batch", { requests: items }),
    commit: (files: Record<string, string>) => commitFiles(join(reposDir, "acme", "app"), files),
  };
}

/** The id in the answer to a trigger. */
export function validationId(data: unknown): string {
  if (typeof data === "object" && data !== null && "validation_id" in data) return String(data.validation_id);
  throw new Error(`no validation_id in ${JSON.stringify(data)}`);
}

/** Sandboxes that do nothing until the test ends their runs or they are cancelled. */
export function createHeldSandboxes() {
  const held: Array<(outcome: SandboxOutcome) => void> = [];
  const removed: string[] = [];
  const createSandbox: CreateSandbox = async () => {
    const id = `held-${held.length}`;
    const { promise, resolve } = Promise.withResolvers<SandboxOutcome>();
    held.push(resolve);
    return {
      id,
      run: (signal) => {
        signal.addEventListener("abort", () => resolve({ kind: "cancelled" }));
        return promise;
      },
      remove: async () => {
        removed.push(id);
      },
    };
  };
  const success: SandboxOutcome = {
    kind: "completed",
    treeSha: SOME_SHA,
    testResults: { overall_success: true, execution_time: 0, timestamp: "2024-01-01T00:00:00.000Z" },
  };
  return { createSandbox, held, removed, release: (index: number) => held[index]?.(success) };
}

/** The directories of this process's sandboxes. */
export function sandboxDirectories(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`grainchain-${process.pid}-`));
}
