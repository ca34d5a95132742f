/** Good and bad files, as a user may pass them. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";

/** Creates a file, or something else in its place. */
export type MakeFile = (file: string) => void;

export const holding =
  (content: string | Uint8Array): MakeFile =>
  (file) =>
    writeFileSync(file, content, { mode: 0o600 });

export const folder: MakeFile = (file) => mkdirSync(file);

/** Text as Windows writes it. */
export const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");

export const unreadable: MakeFile = (file) => {
  writeFileSync(file, "{}");
  chmodSync(file, 0o000);
};

/** Nothing is unreadable to root. */
export const unlessRoot = <T>(rows: readonly T[]): readonly T[] => (process.getuid?.() === 0 ? [] : rows);
