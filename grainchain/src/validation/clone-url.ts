const MAX_URL_CHARACTERS = 2048;
const URL_PROTOCOLS = new Set(["https:", "http:", "ssh:"]);
const SCP_LIKE = /^git@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9/_.~][^?#]*$/;

/**
 * Whether a clone URL may be passed to git: `https://`, `http://`, `ssh://` or `git@host:path`. Everything else is
 * refused, above all `ext::` (runs a command), `file://` (reads this machine) and anything that git or ssh could take
 * for an option.
 */
export function isCloneUrl(text: string): boolean {
  if (text.length > MAX_URL_CHARACTERS || !/^[\x21-\x7e]+$/.test(text)) return false;
  if (SCP_LIKE.test(text)) return true;
  if (!/^[a-z]+:\/\//.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    URL_PROTOCOLS.has(url.protocol) &&
    /^[A-Za-z0-9[]/.test(url.hostname) &&
    !decodeURIComponentOr(url.username, "-").startsWith("-") &&
    url.search === "" &&
    url.hash === ""
  );
}

/** Removes user names, passwords and tokens from every URL in a text. */
export function redactCredentials(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi, "$1");
}

function decodeURIComponentOr(text: string, fallback: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return fallback;
  }
}
