/** Headers of every answer, whoever makes it. */

/** A year (RFC 6797). Without subdomains: those are not ours to speak for. */
const HSTS = "max-age=31536000";

/** Of an answer that is no page: where a browser shows it all the same, nothing in it acts. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

/**
 * Sets the request's id and what browsers are to be told. A page brings a policy of its own. What is posted is answered
 * to a machine, without one: it is the way on which every microsecond counts.
 */
export function setCommonHeaders(response: Response, request: Request, requestId: string): Response {
  const { headers } = response;
  headers.set("x-request-id", requestId);
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  if (request.url.startsWith("https:")) headers.set("strict-transport-security", HSTS);
  if (request.method !== "POST" && !headers.has("content-security-policy")) {
    headers.set("content-security-policy", NO_PAGE);
  }
  return response;
}
