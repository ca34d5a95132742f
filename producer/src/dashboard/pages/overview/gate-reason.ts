/** What a closed gate means, in words. */
import type { GateItem } from "@webhook-gateway/shared/api/overview.ts";

interface GateWords {
  readonly name: string;
  /** What it lets through. */
  readonly what: string;
  readonly reasons: Readonly<Record<string, string>>;
}

const GATES: Readonly<Record<string, GateWords>> = {
  grainchain: {
    name: "Grainchain",
    what: "Dispatch",
    reasons: {
      backpressure: "Grainchain is full",
      configuration: "Grainchain refuses the address or the API key",
      unavailable: "Grainchain does not answer",
    },
  },
  github: {
    name: "GitHub",
    what: "Reporting",
    reasons: {
      backpressure: "GitHub limits the rate",
      configuration: "GitHub refuses the credentials",
      unavailable: "GitHub does not answer",
    },
  },
};

export const gateName = ({ name }: GateItem): string => wordsOf(name)?.name ?? name;

/** `Dispatch`, `Reporting`. */
export const gatedWork = ({ name }: GateItem): string => wordsOf(name)?.what ?? `What goes to ${name}`;

export const gateReason = ({ name, reason }: GateItem): string => {
  const reasons = wordsOf(name)?.reasons ?? {};
  const known = reason !== null && Object.hasOwn(reasons, reason) ? reasons[reason] : undefined;
  return known ?? reason ?? "no reason given";
};

const wordsOf = (name: string): GateWords | undefined =>
  Object.hasOwn(GATES, name) ? GATES[name] : undefined;
