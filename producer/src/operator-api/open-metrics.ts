/** OpenMetrics 1.0 text (https://prometheus.io/docs/specs/om/open_metrics_spec/). */
import { BUCKETS, type Counts } from "@webhook-gateway/shared/domain/histogram.ts";

type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

/** Something that goes up and down. */
export const gauge = (name: string, help: string, samples: readonly Sample[]): string =>
  family(
    { name, type: "gauge", help },
    samples.map(([labels, value]) => ["", labels, value]),
  );

/** Something that only grows. */
export const counter = (name: string, help: string, samples: readonly Sample[]): string =>
  family(
    { name, type: "counter", help },
    samples.map(([labels, value]) => ["_total", labels, value]),
  );

/** Durations. @param counts by the names of buckets */
export function histogram(name: string, help: string, counts: Counts, sumMs: number): string {
  let count = 0;
  const buckets = BUCKETS.map(({ name: bucket, upperMs }): Line => {
    count += counts[bucket] ?? 0;
    return ["_bucket", { le: Number.isFinite(upperMs) ? canonical(upperMs / 1000) : "+Inf" }, count];
  });
  return family({ name: `${name}_seconds`, type: "histogram", help, unit: "seconds" }, [
    ...buckets,
    ["_count", {}, count],
    ["_sum", {}, sumMs / 1000],
  ]);
}

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly unit?: string;
}

type Line = readonly [suffix: string, labels: Labels, value: number];

function family({ name, type, help, unit }: Family, lines: readonly Line[]): string {
  const full = `webhook_gateway_${name}`;
  return [
    `# HELP ${full} ${help}\n`,
    `# TYPE ${full} ${type}\n`,
    ...(unit === undefined ? [] : [`# UNIT ${full} ${unit}\n`]),
    ...lines.map(([suffix, labels, value]) => `${full}${suffix}${labelText(labels)} ${value}\n`),
  ].join("");
}

/** Bounds are compared as texts, in which a whole number has a decimal. */
const canonical = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
