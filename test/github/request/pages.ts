/** Lists in pages. */
import type { Call } from "./call.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly headers: Readonly<Record<string, string>>;
}

type Asked = Pick<Call, "baseUrl" | "path" | "query" | "repeat">;

/** A page with a number. */
export function numberedPage<T>(all: readonly T[], call: Asked): Page<T> {
  const size = pageSize(call);
  const number = Math.max(Math.trunc(Number(call.query.page ?? 1)), 1);
  const repeat = number > 1 ? Math.min(call.repeat, size - 1) : 0;
  const start = (number - 1) * size - repeat;
  const last = Math.max(Math.ceil((all.length + repeat) / size), 1);
  const link = (page: number, rel: string): string => linkTo(call, { page: String(page) }, rel);
  const links = [
    ...(number > 1 ? [link(number - 1, "prev")] : []),
    ...(number < last ? [link(number + 1, "next"), link(last, "last")] : []),
    ...(number > 1 ? [link(1, "first")] : []),
  ];
  return { items: all.slice(start, start + size), headers: linkHeader(links) };
}

/**
 * A page that starts at a cursor: entries that are added before it do not shift the pages.
 * @param idOf the id that a cursor contains
 * @returns `undefined` if the cursor matches no entry
 */
export function cursorPage<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  call: Asked,
): Page<T> | undefined {
  const size = pageSize(call);
  const { cursor } = call.query;
  const from = cursor === undefined ? 0 : all.findIndex((one) => `v1_${idOf(one)}` === cursor);
  if (from === -1) return undefined;
  const start = Math.max(from - Math.min(call.repeat, size - 1), 0);
  const next = all[start + size];
  const links = next === undefined ? [] : [linkTo(call, { cursor: `v1_${idOf(next)}` }, "next")];
  return { items: all.slice(start, start + size), headers: linkHeader(links) };
}

function pageSize({ query }: Asked): number {
  const asked = Math.trunc(Number(query.per_page ?? 30));
  return Math.min(Math.max(asked, 1), 100);
}

function linkTo({ baseUrl, path, query }: Asked, changed: Record<string, string>, rel: string): string {
  return `<${baseUrl}${path}?${new URLSearchParams({ ...query, ...changed })}>; rel="${rel}"`;
}

const linkHeader = (links: readonly string[]): Record<string, string> =>
  links.length === 0 ? {} : { link: links.join(", ") };
