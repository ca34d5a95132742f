/** Paths of pages. Every part of a path that comes from outside is encoded here. */

export const BASE = "/dashboard";

type Filter = Readonly<Record<string, string | number | undefined>>;

const segment = (text: string): string => encodeURIComponent(text.toWellFormed());

/** A path with those parameters that have a value. */
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
  repositories: `${BASE}/repositories`,
  flakes: (filter: Filter = {}) => withQuery(`${BASE}/flakes`, filter),
  reconciles: (filter: Filter = {}) => withQuery(`${BASE}/reconciles`, filter),
  /** @param next the page to go to afterwards */
  login: (next?: string) => withQuery(`${BASE}/login`, { next }),
  logout: `${BASE}/logout`,
  actions: (filter: Filter = {}) => withQuery(`${BASE}/actions`, filter),
  search: (question: string) => withQuery(`${BASE}/search`, { q: question }),
} as const;

/** The anchor of a replay on its page. */
export const replayAnchor = (id: string): string => `replay-${segment(id)}`;

const isRepository = (text: string): boolean => /^[\w.-]+\/[\w.-]+$/.test(text);

/** The page of a repository; undefined if its name is not valid. */
export const repositoryPath = (repository: string): string | undefined =>
  isRepository(repository) ? `${paths.repositories}/${repository}` : undefined;

/** The page of a pull request; undefined if the repository or the number is not valid. */
export const pullPath = (repository: string, number: number): string | undefined =>
  isRepository(repository) && number > 0 ? `${BASE}/pulls/${repository}/${number}` : undefined;

/** A URL from outside if it may become a link: http or https, without a password. */
export function outsideHref(address: string): string | undefined {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  return url.username === "" && url.password === "" ? url.href : undefined;
}
