// Plain JavaScript, because the bootstrap uses it before anything is installed.

/** The oldest Node that runs this project: the first that runs TypeScript as it is. Wrangler would take an older one. */
export const MIN_NODE = "22.18";

/**
 * @param {string} version of Node, `24.1.0`
 * @returns {boolean} whether all of this project runs on it
 */
export function isRecentNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [minMajor = 0, minMinor = 0] = MIN_NODE.split(".").map(Number);
  // Node 23 learned it later, and nobody maintains it.
  return major > minMajor + 1 || (major === minMajor && minor >= minMinor);
}
