/** Where things are. Every part of a path that comes from outside is encoded here. */

export const BASE = "/dashboard";

type Filter = Readonly<Record<string, string | number | undefined>>;

const segment = (text: string): string => encodeURIComponent(text.toWellFormed());

/** A path with the parameters that have a value. */
export function withQuery(path: string, filter: Filter): string {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

export const paths = {
  now: BASE,
  validations: (filter: Filter = {}) => withQuery(`${BASE}/validations`, filter),
  validation: (id: string) => `${BASE}/validations/${segment(id)}`,
  deliveries: (filter: Filter = {}) => withQuery(`${BASE}/deliveries`, filter),
  deadLetters: (filter: Filter = {}) => withQuery(`${BASE}/dead-letters`, filter),
  deadLetter: (id: string) => `${BASE}/dead-letters/${segment(id)}`,
  replays: (filter: Filter = {}) => withQuery(`${BASE}/replays`, filter),
  reconciles: (filter: Filter = {}) => withQuery(`${BASE}/reconciles`, filter),
  search: (question: string) => withQuery(`${BASE}/search`, { q: question }),
} as const;

/** Where a replay stands on its page. */
export const replayAnchor = (id: string): string => `replay-${segment(id)}`;

/** A pull request's page; undefined for what is none. */
export function pullPath(repository: string, number: number): string | undefined {
  const [, owner, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(repository) ?? [];
  if (owner === undefined || name === undefined || number <= 0) return undefined;
  return `${BASE}/pulls/${owner}/${name}/${number}`;
}

/** An address from outside that may be a link: http or https, and no password in it. */
export function outsideHref(address: string): string | undefined {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  return url.username === "" && url.password === "" ? url.href : undefined;
}
