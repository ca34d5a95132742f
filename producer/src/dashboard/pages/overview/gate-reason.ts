/** Why a gate is closed. */
import type { GateItem } from "@webhook-gateway/shared/api/overview.ts";
import { GITHUB_GATE, GRAINCHAIN_GATE } from "@webhook-gateway/shared/wording/waiting.ts";

interface GateTexts {
  readonly name: string;
  /** The work that it lets through. */
  readonly what: string;
  readonly reasons: Readonly<Record<string, string>>;
}

const GATES: Readonly<Record<string, GateTexts>> = {
  grainchain: {
    name: "Grainchain",
    what: "Dispatch",
    reasons: GRAINCHAIN_GATE,
  },
  github: {
    name: "GitHub",
    what: "Reporting",
    reasons: GITHUB_GATE,
  },
  sink: {
    name: "Sink of events",
    what: "Sending events",
    reasons: {
      backpressure: "The sink of events is full",
      configuration: "The sink of events rejects our address or signature",
      unavailable: "The sink of events does not answer",
    },
  },
};

export const gateName = ({ name }: GateItem): string => textsOf(name)?.name ?? name;

/** `Dispatch`, `Reporting`. */
export const gatedWork = ({ name }: GateItem): string => textsOf(name)?.what ?? `Work for ${name}`;

export const gateReason = ({ name, reason }: GateItem): string => {
  const reasons = textsOf(name)?.reasons ?? {};
  const known = reason !== null && Object.hasOwn(reasons, reason) ? reasons[reason] : undefined;
  return known ?? reason ?? "no reason given";
};

const textsOf = (name: string): GateTexts | undefined =>
  Object.hasOwn(GATES, name) ? GATES[name] : undefined;
