/** Checks, run side by side: none waits for another, and none keeps the others from being told. */
import { GatewayError } from "../exit.ts";
import { type Finding, skipped } from "./finding.ts";

export interface Check {
  readonly name: string;
  /** For all of it. Default: `CHECK_TIMEOUT_MS` */
  readonly timeoutMs?: number;
  /**
   * @param signal aborted once its time is over
   * @throws GatewayError why it cannot be made
   */
  run(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** Why a check cannot be made, and what to do so that it can. */
export class Unchecked extends GatewayError {
  override readonly name = "Unchecked";
  readonly mend: string;

  constructor(why: string, mend: string) {
    super(why);
    this.mend = mend;
  }
}

const CHECK_TIMEOUT_MS = 20_000;
/** Where Wrangler is asked: it takes a second to start, and asks Cloudflare several times. */
export const WRANGLER_TIMEOUT_MS = 60_000;

/** What each check found, in the order of the checks. */
export const runChecks = async (checks: readonly Check[]): Promise<Finding[]> =>
  (await Promise.all(checks.map(runCheck))).flat();

async function runCheck(check: Check): Promise<readonly Finding[]> {
  const { name, timeoutMs = CHECK_TIMEOUT_MS } = check;
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((resolve) => {
    timer = setTimeout(() => {
      // Told before it is aborted, for what is aborted fails.
      resolve([skipped(name, `there was no answer within ${timeoutMs / 1000} s`)]);
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([check.run(controller.signal), late]);
  } catch (thrown) {
    if (thrown instanceof Unchecked) return [skipped(name, thrown.message, thrown.mend)];
    if (thrown instanceof GatewayError) return [skipped(name, thrown.message)];
    // What its message holds is not known.
    return [skipped(name, `the check itself failed (${nameOf(thrown)})`)];
  } finally {
    clearTimeout(timer);
  }
}

const nameOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : typeof thrown);
