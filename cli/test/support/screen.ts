import type { Screen } from "../../src/output/terminal.ts";

/** A screen without colors. */
export const plainScreen = (width: number): Screen => ({
  width,
  style: (_, text) => text,
  print: () => undefined,
});
