import { PLACES } from "../report/spec.ts";

/** Of a request to GitHub's API. To parse it as a `URL` takes longer than most answers. */
export interface Address {
  readonly path: string;
  readonly query: string;
}

export function addressOf(url: string): Address {
  const [path = "", query = ""] = url.slice(PLACES.github.length).split("?");
  return { path, query };
}

/** The header that leads to a next page. */
export const linkTo = ({ path }: Address, query: string): { readonly link: string } => ({
  link: `<${PLACES.github}${path}?${query}>; rel="next"`,
});
