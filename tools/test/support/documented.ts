/** The commands that the documents name: the lines of their shell blocks, and those that stand within a sentence. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";

export interface Documented {
  readonly document: string;
  readonly line: string;
}

export const DOCUMENTS = globSync(["*.md", "docs/**/*.md", "shared/migrations/*.md", "bench/*.md"], {
  cwd: ROOT,
});

export const readDocument = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

const BLOCK = /^( *)```sh\n([\s\S]*?)^\1```$/gm;

/** Every shell block, without the spaces that it is set in by. */
export const BLOCKS = DOCUMENTS.flatMap((document) =>
  [...readDocument(document).matchAll(BLOCK)].map(([, indent = "", block = ""]) => ({
    document,
    block: block.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  })),
);

const lines = BLOCKS.flatMap(({ document, block }) => block.split("\n").map((line) => ({ document, line })));

const inSentences = DOCUMENTS.flatMap((document) =>
  [
    ...readDocument(document)
      .replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "")
      .matchAll(/`((?:npm|npx|pnpm) [^`]+)`/g),
  ].map(([, line = ""]) => ({ document, line })),
);

/** Every command, once for each document. */
export const COMMANDS: readonly Documented[] = [
  ...new Map(
    [...lines, ...inSentences]
      .filter(({ line }) => line.trim() !== "")
      .map((one) => [`${one.document}: ${one.line}`, one]),
  ).values(),
];

/** What stands for something of the reader's: `<version id>`. */
export const filledIn = (text: string): string => text.replaceAll(/<[a-z][^<>\n]*>/gi, "an-id");

/** The words that follow `npm run <script> --`, as a shell reads them. */
export function argumentsOf(line: string): string[] {
  const rest = filledIn(line).replace(/^(npm run|npm|pnpm) [\w:-]+( --(?= ))?/, "");
  const printed = execFileSync("sh", ["-c", `set -f; printf '%s\\0' - ${rest}`], { encoding: "utf8" });
  return printed.split("\0").slice(1, -1);
}
