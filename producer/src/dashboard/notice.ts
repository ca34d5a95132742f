/** What is said once after a form was sent. Only its name is in the address, so no address can make the page say anything else. */
const NOTICES = {
  rerun: "A re-run was ordered. Its head is run again, if it is still the newest of its pull request.",
  cancel: "A cancel was ordered. A validation that has finished meanwhile stays as it is.",
  replay: "The replay has started.",
  discard: "The letters were discarded.",
  stopped: "The replay was stopped. What it had not come to is open again.",
} as const;

export type NoticeName = keyof typeof NOTICES;

/** The text of an address's notice; undefined where it has none that is known. */
export function noticeOf(url: string): string | undefined {
  const name = new URL(url).searchParams.get("notice") ?? "";
  return Object.hasOwn(NOTICES, name) ? NOTICES[name as NoticeName] : undefined;
}
