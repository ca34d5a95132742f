/** Charts of throughput and latency. A script draws them from the table with the same numbers. */
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { None, Span } from "../../parts/inline.tsx";
import { Scroll } from "../../parts/table.tsx";
import { type Hour, hoursOf } from "./hours.ts";

/** The script reads the columns by these names. */
const SERIES = [
  ["succeeded", "Success"],
  ["failed_checks", "Failure"],
  ["broken", "Broken"],
  ["other", "Other"],
] as const;

const PERCENTILES = [
  ["p50_ms", "p50"],
  ["p95_ms", "p95"],
  ["p99_ms", "p99"],
] as const;

const MINUTE_MS = 60_000;

export function Plots({ overview }: { readonly overview: Overview }) {
  const hours = hoursOf(overview);
  const total = hours.reduce((sum, { validations }) => sum + validations, 0);
  const slowest = Math.max(0, ...hours.map(({ p95_ms }) => p95_ms ?? 0));
  return (
    <section aria-labelledby="hours">
      <h2 id="hours">Last 24 hours</h2>
      {total === 0 && <p class="empty">No validations were started in the last 24 hours.</p>}
      <div class="plots">
        <Plot
          kind="throughput"
          title="Validations per hour, by outcome"
          description={`${total} validations in the last 24 hours. The table below has the numbers.`}
        />
        <Plot
          kind="latency"
          title="Time from queued to finished, by the hour of queueing"
          description={`In each hour, 95 % took at most ${durationText(slowest)}. The table below has the numbers.`}
        />
      </div>
      <details class="numbers">
        <summary>Show as a table</summary>
        <HourTable hours={hours} />
      </details>
    </section>
  );
}

const Plot = (props: { readonly kind: string; readonly title: string; readonly description: string }) => (
  <figure>
    <figcaption>{props.title}</figcaption>
    <div class="plot" role="img" aria-label={props.description}>
      <div data-plot={props.kind} data-keep />
    </div>
  </figure>
);

const HourTable = ({ hours }: { readonly hours: readonly Hour[] }) => (
  <Scroll label="Validations by hour">
    <table id="hour-table">
      <caption class="hidden">Validations by the hour of queueing, UTC</caption>
      <thead>
        <tr>
          <th scope="col">Hour (UTC)</th>
          {SERIES.map(([, name]) => (
            <th scope="col" class="num">
              {name}
            </th>
          ))}
          {PERCENTILES.map(([, name]) => (
            <th scope="col" class="num">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {hours.toReversed().map((hour) => (
          <tr id={`hour-${hour.hour}`} data-at={Date.parse(hour.hour) / 1000}>
            <th scope="row">
              <time datetime={hour.hour}>{`${hour.hour.slice(5, 10)} ${hour.hour.slice(11, 16)}`}</time>
            </th>
            {SERIES.map(([key]) => (
              <td class="num" data-series={key} data-value={hour[key]}>
                {hour[key] === 0 ? <None word="0" /> : hour[key]}
              </td>
            ))}
            {PERCENTILES.map(([key]) => (
              <td class="num" data-series={key} data-value={secondsOf(hour[key])}>
                <Span ms={hour[key]} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
);

const secondsOf = (ms: number | null): string => {
  if (ms === null) return "";
  return String(ms < MINUTE_MS ? Math.round(ms) / 1000 : Math.round(ms / 1000));
};
