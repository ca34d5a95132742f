/** Answers that everybody who asks within a few seconds shares, so that asking cannot be used to overload D1. */

/** An answer is reused for this long, and one that is being made is waited for. */
const SHARED_MS = 5_000;

/** Answers that one isolate keeps. */
const MAX_ANSWERS = 1_000;

export interface SharedAnswerDeps {
  readonly now: () => Date;
  /** Keeps the work going for those who wait for it if the client that asked first is gone. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** @returns a function that makes the answer of a key, or shares one that was made or begun lately */
export function createSharedAnswers<Answer>({ now, waitUntil }: SharedAnswerDeps) {
  const answers = new Map<string, { readonly answer: Promise<Answer>; readonly untilMs: number }>();

  return (key: string, make: () => Promise<Answer>): Promise<Answer> => {
    const nowMs = now().getTime();
    const known = answers.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.answer;
    const answer = make();
    const entry = { answer, untilMs: nowMs + SHARED_MS };
    answers.delete(key);
    const oldest = answers.keys().next();
    if (answers.size >= MAX_ANSWERS && !oldest.done) answers.delete(oldest.value);
    answers.set(key, entry);
    // A failure is not shared with those who ask later.
    const settled = answer.then(
      () => {},
      () => {
        if (answers.get(key) === entry) answers.delete(key);
      },
    );
    waitUntil(settled);
    return answer;
  };
}
