/** `--detach`: the work goes on in the gateway. */
import type { Session } from "../api/session.ts";
import { printJson } from "../output/terminal.ts";

/** Prints the id of work that was started, which is all that a script needs to follow it. */
export function printDetached({ json }: Session, started: { readonly id: string }): void {
  if (json) printJson(started);
  else process.stdout.write(`${started.id}\n`);
}
