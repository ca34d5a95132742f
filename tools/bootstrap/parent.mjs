// Plain JavaScript, because the bootstrap uses it before anything is installed.

/** How often to look, in milliseconds. */
const POLL_MS = 500;

/**
 * Calls back once the parent process is gone: killed outright it could not pass on a signal, and nothing that it
 * started may outlive it.
 * @param {() => void} onGone
 */
export function watchParent(onGone) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS);
  timer.unref();
}
