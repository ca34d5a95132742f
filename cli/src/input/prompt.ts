/** Prompts, on standard error. Their library is loaded only when it is needed: most commands ask nothing. */
import { GatewayError } from "../exit.ts";

/** Where a prompt is shown. */
export interface PromptTerminal {
  /** Whether a person can answer. */
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

/**
 * Has a person confirm by typing a word.
 * @param what is confirmed
 * @throws GatewayError if it is not confirmed, or there is no terminal
 */
export async function requireConfirmation(word: string, what: string): Promise<void> {
  const terminal = processTerminal();
  if (!terminal.isInteractive)
    throw new GatewayError(
      `nothing was done: there is no terminal to ask on; confirm the ${what} with --yes`,
    );
  if (!(await askForWord(word, terminal))) throw new GatewayError("nothing was done: it was not confirmed");
}

/** Asks a person to type a word. @returns whether they did; false after Ctrl-C */
export async function askForWord(word: string, terminal: PromptTerminal): Promise<boolean> {
  const { input, output } = terminal;
  const { input: askText } = await import("@inquirer/prompts");
  const typed = await unlessDeclined(askText({ message: `Type ${word} to continue:` }, { input, output }));
  return typed?.trim() === word;
}

/** @returns undefined if the prompt was left with Ctrl-C */
export async function unlessDeclined(answer: Promise<string>): Promise<string | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "ExitPromptError") return undefined;
    throw thrown;
  }
}
