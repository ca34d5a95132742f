/** Where the command writes: results on standard output, everything else on standard error. */
import { styleText } from "node:util";
import { plainText, safeJson } from "./plain-text.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow";

/** A stream that text is laid out for. */
export interface Screen {
  readonly width: number;
  /** Leaves the text as it is where the stream shows no colours. */
  style(style: Style, text: string): string;
  print(lines: readonly string[]): void;
}

/** Columns where nobody says how many there are. */
const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 20;

const screenOf = (stream: NodeJS.WriteStream): Screen => ({
  width: Math.max(stream.columns || Number(process.env.COLUMNS) || DEFAULT_WIDTH, MIN_WIDTH),
  style: (style, text) => styleText(style, text, { stream }),
  print: (lines) => void stream.write(lines.map((line) => `${line}\n`).join("")),
});

/** For results. */
export const resultScreen = (): Screen => screenOf(process.stdout);

/** For what is shown on the way to a result. */
export const messageScreen = (): Screen => screenOf(process.stderr);

/** Tells a person something, on one line. */
export const say = (message: string): void => void process.stderr.write(`${plainText(message)}\n`);

/** Prints the command's JSON document. */
export const printJson = (document: unknown): void => void process.stdout.write(`${safeJson(document)}\n`);
