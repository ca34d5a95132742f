/** Ctrl-C while the gateway works on something that has to continue. */

export interface Interrupts {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** After this, Ctrl-C ends the process again. */
  release(): void;
}

/** After this, Ctrl-C does not end the process. */
export function catchInterrupts(): Interrupts {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  // Not `once`: both the shell and the program that started this one send the signal.
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, abort);
  return {
    signal: controller.signal,
    release() {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, abort);
    },
  };
}
