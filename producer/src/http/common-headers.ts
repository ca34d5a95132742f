/** Headers of every response. */

/** A year ([RFC 6797](https://www.rfc-editor.org/rfc/rfc6797)). Without subdomains: they may belong to others. */
const HSTS = "max-age=31536000";

/** For responses that are not pages: if a browser shows one anyway, nothing in it can run. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

/**
 * Sets the request's id and the security headers. A page brings its own policy. The response to a POST goes to a
 * machine, so it has none: that path has to be fast.
 */
export function setCommonHeaders(
  response: Response,
  { method, url }: Pick<Request, "method" | "url">,
  requestId: string,
): Response {
  const { headers } = response;
  headers.set("x-request-id", requestId);
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  if (url.startsWith("https:")) headers.set("strict-transport-security", HSTS);
  if (method !== "POST" && !headers.has("content-security-policy")) {
    headers.set("content-security-policy", NO_PAGE);
  }
  return response;
}
