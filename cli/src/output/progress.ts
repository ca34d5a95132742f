/** Progress on standard error: a bar on a terminal, otherwise a line every 10 s. */
import { SingleBar } from "cli-progress";
import { printMessage } from "./terminal.ts";

export interface Progress<Item> {
  start(item: Item): void;
  update(item: Item): void;
  stop(): void;
}

/** How an item is shown as progress. */
export interface ProgressText<Item> {
  readonly total: (item: Item) => number;
  readonly value: (item: Item) => number;
  /** Made of characters that are safe to print. */
  readonly text: (item: Item) => string;
}

const BAR_WIDTH = 24;
const LINE_EVERY_MS = 10_000;

/** In the form that standard error can show. */
export const openProgress = <Item>(shown: ProgressText<Item>): Progress<Item> =>
  process.stderr.isTTY ? barProgress(shown) : lineProgress(shown);

function barProgress<Item>({ total, value, text }: ProgressText<Item>): Progress<Item> {
  // The command handles interrupts itself; a bar of nothing is not a full one.
  const bar = new SingleBar({
    format: "{bar} {text}",
    barsize: BAR_WIDTH,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    gracefulExit: false,
    emptyOnZero: true,
  });
  return {
    start: (item) => bar.start(total(item), value(item), { text: text(item) }),
    update(item) {
      bar.setTotal(total(item));
      bar.update(value(item), { text: text(item) });
    },
    stop: () => bar.stop(),
  };
}

function lineProgress<Item>({ text }: ProgressText<Item>): Progress<Item> {
  let last = "";
  let printedAt = 0;
  const show = (item: Item): void => {
    const line = text(item);
    if (line === last || Date.now() - printedAt < LINE_EVERY_MS) return;
    printMessage(line);
    last = line;
    printedAt = Date.now();
  };
  return { start: show, update: show, stop: () => undefined };
}
