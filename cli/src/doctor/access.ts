/** Can the keys of Cloudflare Access be fetched? Without them, nobody is let in by it. */
import { teamDomain } from "@webhook-gateway/shared/config/cloudflare-access.ts";
import * as v from "valibot";
import { type Check, Unchecked } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { type Finding, fail, ok } from "./finding.ts";
import { getJson } from "./http.ts";

const NAME = "Cloudflare Access";
const FIX = "set ACCESS_TEAM_DOMAIN to the team's domain: https://<team>.cloudflareaccess.com";

const keySet = v.object({ keys: v.pipe(v.array(v.object({ kid: v.string() })), v.minLength(1)) });

/** Finds nothing if Access is not configured. That its settings belong together is checked with the others. */
export const accessChecks = (context: Pick<CheckContext, "values">): Check[] => [
  { name: NAME, fix: FIX, run: (signal) => checkKeys(context, signal) },
];

async function checkKeys({ values }: Pick<CheckContext, "values">, signal: AbortSignal): Promise<Finding[]> {
  const domain = v.safeParse(teamDomain, values("producer").ACCESS_TEAM_DOMAIN);
  if (!domain.success) throw new Unchecked("ACCESS_TEAM_DOMAIN is not valid");
  if (domain.output === undefined) return [];
  const url = `${domain.output}/cdn-cgi/access/certs`;
  const { status, body } = await getJson(url, signal);
  return v.is(keySet, body)
    ? [ok(NAME, `${url} has keys`)]
    : [fail(NAME, `${url} has no keys (HTTP ${status})`, FIX)];
}
