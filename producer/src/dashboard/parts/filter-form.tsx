/** The filters of a list: a form that changes the URL and works without a script. */
import type { Child } from "hono/jsx";

export type Choice = readonly [value: string, name: string];

type Values = Readonly<Record<string, string | undefined>>;

export const FilterForm = (props: {
  readonly action: string;
  /** Whether any filter is set. */
  readonly set: boolean;
  readonly children: Child;
}) => (
  <details class="filter-box" open={props.set}>
    <summary>Filters</summary>
    <form class="filters" method="get" action={props.action} aria-label="Filters">
      {props.children}
      <div class="buttons">
        <button type="submit">Filter</button>
        {props.set && <a href={props.action}>Clear</a>}
      </div>
    </form>
  </details>
);

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly values: Values;
}

export const TextFilter = ({ name, label, values, hint }: FieldProps & { readonly hint?: string }) => (
  <label>
    <span>{label}</span>
    <input
      name={name}
      type="text"
      value={values[name] ?? ""}
      placeholder={hint}
      autocomplete="off"
      spellcheck={false}
    />
  </label>
);

/** An unknown value is added to the choices, so that it is not lost when the form is sent again. */
export function ChoiceFilter(
  props: FieldProps & { readonly choices: readonly Choice[]; readonly any: string },
) {
  const chosen = props.values[props.name] ?? "";
  const known = chosen === "" || props.choices.some(([value]) => value === chosen);
  const choices: readonly Choice[] = known ? props.choices : [...props.choices, [chosen, chosen]];
  return (
    <label>
      <span>{props.label}</span>
      <select name={props.name}>
        <option value="">{props.any}</option>
        {choices.map(([value, name]) => (
          <option value={value} selected={value === chosen}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Times are in UTC. */
export const TimeFilters = ({ values }: { readonly values: Values }) => (
  <>
    {(["since", "until"] as const).map((name) => (
      <label>
        <span>{name === "since" ? "Since (UTC)" : "Until (UTC)"}</span>
        <input name={name} type="datetime-local" value={localTime(values[name])} />
      </label>
    ))}
  </>
);

/** What a `datetime-local` field takes. */
function localTime(text: string | undefined): string {
  const atMs = Date.parse(text ?? "");
  return Number.isNaN(atMs) ? "" : new Date(atMs).toISOString().slice(0, 16);
}
