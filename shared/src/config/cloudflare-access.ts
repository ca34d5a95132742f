/** Cloudflare Access in front of the dashboard and the operator API: `ACCESS_TEAM_DOMAIN`. */
import * as v from "valibot";
import { optionalText } from "./field.ts";

/** An origin, such as `https://team.cloudflareaccess.com`; the scheme may be left out. */
export const teamDomain = v.pipe(
  optionalText,
  v.transform((text) => (text === undefined || text.includes("://") ? text : `https://${text}`)),
  v.transform((text) => text?.replace(/\/$/, "")),
  v.check((text) => text === undefined || URL.parse(text)?.origin === text, "not a domain"),
  v.check((text) => text === undefined || /^https?:/.test(text), "not a domain"),
);

const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** Plain HTTP would let anybody on the way make the keys. Development may run a server of its own. */
export const isSafeDomain = (domain: string | undefined, environment: string): boolean =>
  domain === undefined ||
  domain.startsWith("https:") ||
  (environment === "development" && LOOPBACK.test(domain));
