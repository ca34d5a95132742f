/** Links to the other pages of a list, with its filters. */
import { withQuery } from "./link.ts";

export function Paging(props: {
  readonly path: string;
  readonly filter: Readonly<Record<string, string>>;
  readonly next: string | null;
}) {
  const { cursor, ...filter } = props.filter;
  if (cursor === undefined && props.next === null) return null;
  return (
    <nav class="paging" aria-label="Pages of the list">
      {cursor !== undefined && <a href={withQuery(props.path, filter)}>Newest</a>}
      {props.next !== null && (
        <a href={withQuery(props.path, { ...filter, cursor: props.next })} rel="next">
          Older
        </a>
      )}
    </nav>
  );
}
