/** Forms are taken from the dashboard's own pages only. */

/**
 * Whether a request was sent by a page of the same origin, as its browser says. `Sec-Fetch-Site` decides where
 * it is sent: every browser does so over HTTPS and to localhost. `Origin` decides elsewhere; under this site's
 * `no-referrer` policy it is `null` even in a form of one's own, and says nothing then.
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  const ownOrigin = origin === new URL(request.url).origin;
  if (site === null) return ownOrigin;
  return site === "same-origin" && (origin === null || origin === "null" || ownOrigin);
}
