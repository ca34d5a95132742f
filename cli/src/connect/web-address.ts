/** GitHub's web address, by the address of its API. */

/** @param apiUrl `https://api.github.com`, or `https://host/api/v3` of an Enterprise Server */
export function webAddress(apiUrl: string): string {
  const url = new URL(apiUrl);
  const path = url.pathname.replace(/\/+$/, "").replace(/\/api\/v3$/, "");
  // github.com, and a company's own domain of ghe.com.
  const host = path === "" ? url.host.replace(/^api\.(?=(?:[\w-]+\.)?(?:github|ghe)\.com$)/, "") : url.host;
  return `${url.protocol}//${host}${path}`;
}
