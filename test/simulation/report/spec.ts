/** What a simulation is told. It travels to workerd as JSON. */
import type { QueueSettings } from "../machine/message-queue.ts";

/** What a delivery goes through. */
export const STAGES = ["recording", "waiting", "running", "reporting"] as const;
export type Stage = (typeof STAGES)[number];

export type FaultKind = "grainchain" | "database" | "full" | "github" | "deployment" | "burst";

/** Times are milliseconds since the start. */
export interface Fault {
  readonly kind: FaultKind;
  readonly fromMs: number;
  /** A deployment takes no time. */
  readonly toMs: number;
  /** How much longer it explains that something is late, by stage. */
  readonly aftermathMs: Readonly<Partial<Record<Stage, number>>>;
}

export interface Traffic {
  /** Deliveries, of which each event makes two: one of the organization's hook, one of the App. */
  readonly deliveriesPerSecond: number;
  readonly burstPerSecond: number;
  readonly repositories: number;
  readonly installations: number;
  /** Runs that Grainchain takes at once. */
  readonly capacity: number;
  /** The least and the most that the results of a run are. */
  readonly resultBytes: readonly [number, number];
}

/** Pull requests of which not every delivery arrives: shares of their events. */
export interface Loss {
  readonly pulls: number;
  /** GitHub sends them, and they fail. */
  readonly dropped: number;
  /** GitHub neither sends nor lists them. */
  readonly unsent: number;
}

/** A payload with its variable parts cut out: text and the name of what goes after it, in turn. */
export interface PayloadTemplate {
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

export const TEMPLATES = [
  "pull_request.opened",
  "pull_request.synchronize",
  "pull_request.ready_for_review",
  "pull_request.closed",
  "pull_request.labeled",
  "push",
  "issue_comment.created",
  "star.created",
] as const;
export type TemplateName = (typeof TEMPLATES)[number];

export interface Binding {
  readonly name: string;
  readonly class_name: string;
}

/** From the Workers' own configuration. */
export interface Configuration {
  readonly producer: Readonly<Record<string, string>>;
  readonly consumer: Readonly<Record<string, string>>;
  readonly queues: readonly QueueSettings[];
  readonly objects: readonly Binding[];
}

export interface Spec {
  readonly seed: number;
  readonly startMs: number;
  /** Traffic ends after this. */
  readonly lengthMs: number;
  readonly traffic: Traffic;
  /** Then nothing happens but this. */
  readonly loss: Loss | null;
  readonly faults: readonly Fault[];
  readonly configuration: Configuration;
  readonly migrations: readonly string[];
  readonly templates: Readonly<Record<TemplateName, PayloadTemplate>>;
}

/** Addresses and secrets that both sides of the simulation know. */
export const PLACES = {
  gateway: "https://gateway.test",
  grainchain: "https://grainchain.test",
  github: "https://api.github.com",
  alerts: "https://alerts.test/hook",
} as const;
export const ORGANIZATION_SECRET = "the organization's hook, which signs its deliveries";
export const APP_SECRET = "the App's hook, which signs its own deliveries";
export const HOOK_ID = 1;
