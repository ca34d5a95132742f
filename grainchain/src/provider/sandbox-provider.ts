/** Where steps run: on this machine, or in the sandboxes of a service. */
import type { OutputTail } from "../sandbox/output-tail.ts";
import type { ProcessEnd } from "../sandbox/process.ts";
import type { Step } from "../steps/steps-file.ts";
import type { ProviderName } from "./provider-name.ts";

/** What one run may use, and what it is. */
export type SandboxLimits = {
  /** Names the run. */
  runId: string;
  /** The run's directory on this machine, with `checkout`, `home` and `tmp`. */
  root: string;
  /** The sandbox is needed for no longer than this. */
  timeoutMs: number;
  /** 0 means no limit. A service has limits of its own instead. */
  memoryBytes: number;
  /** Whether a step may use the network. */
  network: boolean;
  /** The environment of the steps, without what depends on where they run. */
  env: Readonly<Record<string, string>>;
};

/** How a step ended. `limit` is the one that it exceeded, for a person. */
export type StepEnd = Exclude<ProcessEnd, { kind: "over_limit" }> | { kind: "over_limit"; limit: string };

export type StepReport = { end: StepEnd; output: OutputTail; durationMs: number };

/** A place for the steps of one run. */
export type ProvidedSandbox = {
  /** Makes the files of a directory the ones that steps see. */
  upload(directory: string, signal: AbortSignal): Promise<void>;
  /** Runs a step. No process of a local one is left when it resolves. */
  exec(step: Step, timeoutMs: number, signal: AbortSignal): Promise<StepReport>;
  /** Ends everything in it, and what it costs. Never throws. */
  close(): Promise<void>;
};

export type SandboxProvider = {
  name: ProviderName;
  /** How steps are kept from what is not theirs. */
  isolation: "bubblewrap" | "none" | "remote";
  /** @throws {ProviderError} */
  create(limits: SandboxLimits): Promise<ProvidedSandbox>;
  /** Closes sandboxes of a service that servers of this machine which died have left behind. @returns how many */
  sweep(): Promise<number>;
};

/** The provider cannot be used. The message is for a person and holds no key. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
}
