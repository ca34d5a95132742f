/** Names and values. A field that is undefined is left out. */
import type { Child } from "hono/jsx";

export type Field = readonly [name: string, value: Child] | undefined;

export const Fields = ({ of }: { readonly of: readonly Field[] }) => (
  <dl class="fields">
    {of.map(
      (field) =>
        field !== undefined && (
          <div>
            <dt>{field[0]}</dt>
            <dd>{field[1]}</dd>
          </div>
        ),
    )}
  </dl>
);
