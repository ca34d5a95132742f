export const EXIT = { done: 0, failed: 1, usage: 2, nothingMatched: 3 } as const;

/** An expected failure: printed in one line, without a stack trace. */
export class GatewayError extends Error {
  override readonly name: string = "GatewayError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
