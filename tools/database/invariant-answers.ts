/** Reads the rows that break the invariants of a database from the output of Wrangler. */
import type { Invariant } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import * as v from "valibot";
import { readOutput } from "../../cli/src/cloudflare/wrangler.ts";

const row = v.object({ id: v.pipe(v.unknown(), v.transform(String)), problem: v.string() });
const answer = v.object({ results: v.array(row), success: v.literal(true) });

/**
 * The rows that break a rule.
 * @param output of `wrangler d1 execute --json`, with one statement for each of the rules
 * @throws GatewayError if a rule has no answer, because it may be broken
 */
export function brokenRows(checks: readonly Invariant[], output: string) {
  const answers = readOutput(v.pipe(v.array(answer), v.length(checks.length)), output, "d1 execute");
  return checks.flatMap(({ number, rule }, index) =>
    (answers[index]?.results ?? []).map((broken) => ({ number, rule, ...broken })),
  );
}
