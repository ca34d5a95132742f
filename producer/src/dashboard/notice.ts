/** Messages that are shown once after a form was sent. The URL holds only a name, so no URL can make a page show other text. */
const NOTICES = {
  rerun: "A re-run was requested. The head is validated again if it is still the newest of its pull request.",
  approve: "The approval was recorded. The head is validated if it is still the newest of its pull request.",
  cancel: "A cancel was requested. If the validation has ended in the meantime, nothing changes.",
  replay: "The replay has started.",
  discard: "The dead letters were discarded.",
  stopped: "The replay was stopped. The dead letters that it had not reached are open again.",
  pause: "Dispatch is paused.",
  resume: "The pause has ended. What waited is dispatched now, unless something else holds it.",
} as const;

export type NoticeName = keyof typeof NOTICES;

/** The notice that a URL names; undefined if it names none, or an unknown one. */
export function noticeOf(url: string): string | undefined {
  const name = new URL(url).searchParams.get("notice") ?? "";
  return Object.hasOwn(NOTICES, name) ? NOTICES[name as NoticeName] : undefined;
}
