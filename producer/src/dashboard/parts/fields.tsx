/** Names and values. */
import type { Child } from "hono/jsx";

/** Left out if its value is missing: null, undefined, false, or an empty text. */
export type Field = readonly [name: string, value: Child];

export const Fields = ({ of }: { readonly of: readonly Field[] }) => (
  <dl class="fields">
    {of
      .filter(([, value]) => value || value === 0)
      .map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);
