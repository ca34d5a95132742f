/** Checks, run at the same time: none waits for another, and no failure of one hides the others. */
import { GatewayError } from "../exit.ts";
import { type Finding, fail, type Report, skipped } from "./finding.ts";

export interface Check {
  readonly name: string;
  /** For the whole check. Default: `CHECK_TIMEOUT_MS` */
  readonly timeoutMs?: number;
  /** What to do about an error that `run` throws. If it is set the check has failed, otherwise it was not made. */
  readonly fix?: string;
  /**
   * @param signal aborted when the time is over
   * @throws GatewayError
   */
  run(signal: AbortSignal): Promise<readonly Report[]>;
}

/** The check cannot be made: why, and what to do so that it can. */
export class Unchecked extends GatewayError {
  override readonly name = "Unchecked";
  readonly fix: string | null;

  constructor(why: string, fix: string | null = null) {
    super(why);
    this.fix = fix;
  }
}

const CHECK_TIMEOUT_MS = 20_000;
/** For checks that use Wrangler: it takes a second to start, and makes several requests. */
export const WRANGLER_TIMEOUT_MS = 60_000;

/** What each check found, in the order of the checks. */
export const runChecks = async (checks: readonly Check[]): Promise<Finding[]> => {
  const named = checks.map(async (check) =>
    (await runCheck(check)).map((found) => ({ check: check.name, ...found })),
  );
  return (await Promise.all(named)).flat();
};

async function runCheck(check: Check): Promise<readonly Report[]> {
  const { timeoutMs = CHECK_TIMEOUT_MS } = check;
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Report[]>((resolve) => {
    timer = setTimeout(() => {
      // Resolved before it is aborted: what is aborted fails.
      resolve([skipped(`no answer within ${timeoutMs / 1000} s`)]);
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([check.run(controller.signal), late]);
  } catch (thrown) {
    return [findingOf(thrown, check)];
  } finally {
    clearTimeout(timer);
  }
}

function findingOf(thrown: unknown, { fix }: Check): Report {
  if (thrown instanceof Unchecked) return skipped(thrown.message, thrown.fix);
  if (thrown instanceof GatewayError)
    return fix === undefined ? skipped(thrown.message) : fail(thrown.message, fix);
  // The message of an unexpected error may hold a secret.
  const kind = thrown instanceof Error ? thrown.name : typeof thrown;
  return skipped(`the check itself failed (${kind})`);
}
