// Plain JavaScript, because the bootstrap uses it before anything is installed.

/** The least Node: what Wrangler needs, and the first with `node:sqlite` for all. */
export const MIN_NODE = "22.13";

/**
 * @param {string} version of Node, `24.1.0`
 * @returns {boolean} whether all of this project runs on it
 */
export function isRecentNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [minMajor = 0, minMinor = 0] = MIN_NODE.split(".").map(Number);
  return major > minMajor || (major === minMajor && minor >= minMinor);
}
