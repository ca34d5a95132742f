/** Ctrl-C where it is to leave something running that the gateway works on. */

export interface Interrupts {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** From here on Ctrl-C ends the process again. */
  release(): void;
}

/** From here on Ctrl-C does not end the process. */
export function catchInterrupts(): Interrupts {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  // Not once: the shell and the program that started this one both pass it on.
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, abort);
  return {
    signal: controller.signal,
    release() {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, abort);
    },
  };
}
