/** Forms are accepted only from the dashboard's own pages, and nothing from those of other sites. */

/**
 * Whether a request was sent by a page of the same origin, as its browser says. `Sec-Fetch-Site` decides if it is sent:
 * every browser sends it over HTTPS and to localhost. Otherwise `Origin` decides; because of this site's `no-referrer`
 * policy it is `null` even in the dashboard's own forms, and `null` proves nothing.
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  const ownOrigin = origin === new URL(request.url).origin;
  if (site === null) return ownOrigin;
  return site === "same-origin" && (origin === null || origin === "null" || ownOrigin);
}

/** Whether a request was sent by a page of another site, as its browser says. Programs say nothing of the kind. */
export function isCrossSite(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  return (
    (site !== null && site !== "same-origin") || (origin !== null && origin !== new URL(request.url).origin)
  );
}
