/** Asking a person. Questions are shown on standard error. What asks is loaded only then: most commands ask nothing. */

/** Where a question is asked. */
export interface PromptTerminal {
  /** Whether somebody is there to answer. */
  readonly isInteractive: boolean;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** The terminal that the command was started in. */
export const processTerminal = (): PromptTerminal => ({
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  input: process.stdin,
  output: process.stderr,
});

/** Asks for a word to be typed. @returns whether it was; Ctrl-C says no */
export async function askForWord(word: string, terminal: PromptTerminal): Promise<boolean> {
  const { input, output } = terminal;
  const { input: askText } = await import("@inquirer/prompts");
  const typed = await unlessDeclined(askText({ message: `Type ${word} to go on:` }, { input, output }));
  return typed?.trim() === word;
}

/** @returns undefined where the question was left with Ctrl-C */
export async function unlessDeclined(answer: Promise<string>): Promise<string | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "ExitPromptError") return undefined;
    throw thrown;
  }
}
