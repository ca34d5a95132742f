/** Results go to standard output, everything else to standard error. */
import { styleText } from "node:util";
import { plainText, safeJson } from "./plain-text.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow";

/** A stream that text is laid out for. */
export interface Screen {
  readonly width: number;
  /** Leaves the text as it is if the stream shows no colors. */
  style(style: Style, text: string): string;
  print(lines: readonly string[]): void;
}

/** Columns if the stream does not know. */
const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 20;

const screenOf = (stream: NodeJS.WriteStream): Screen => ({
  width: Math.max(stream.columns || Number(process.env.COLUMNS) || DEFAULT_WIDTH, MIN_WIDTH),
  style: (style, text) => styleText(style, text, { stream }),
  print: (lines) => void stream.write(lines.map((line) => `${line}\n`).join("")),
});

/** For results. */
export const resultScreen = (): Screen => screenOf(process.stdout);

/** For what is shown before a result. */
export const messageScreen = (): Screen => screenOf(process.stderr);

/** Prints a message for a person, on one line. */
export const printMessage = (message: string): void => void process.stderr.write(`${plainText(message)}\n`);

/** Prints a result: as JSON, or as lines for a person. */
export function printResult<Document>(
  json: boolean,
  document: Document,
  linesOf: (document: Document, screen: Screen) => readonly string[],
): void {
  const screen = resultScreen();
  if (json) printJson(document);
  else screen.print(linesOf(document, screen));
}

/** Prints the command's JSON document. */
export const printJson = (document: unknown): void => void process.stdout.write(`${safeJson(document)}\n`);
