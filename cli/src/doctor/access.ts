/** Can the keys of Cloudflare Access be fetched? Without them, nobody is let in by it. */
import { teamDomain } from "@webhook-gateway/shared/config/cloudflare-access.ts";
import * as v from "valibot";
import { type Check, Unchecked } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, ok, type Report } from "./finding.ts";
import { getJson } from "./http.ts";

const FIX = "set ACCESS_TEAM_DOMAIN to the team's domain: https://<team>.cloudflareaccess.com";

const keySet = v.object({ keys: v.pipe(v.array(v.object({ kid: v.string() })), v.minLength(1)) });

/** Finds nothing if Access is not configured. That its settings belong together is checked with the others. */
export const accessChecks = (context: Pick<CheckContext, "values">): Check[] => [
  { name: "Cloudflare Access", fix: FIX, run: (signal) => checkKeys(context, signal) },
];

async function checkKeys({ values }: Pick<CheckContext, "values">, signal: AbortSignal): Promise<Report[]> {
  const domain = v.safeParse(teamDomain, values("producer").ACCESS_TEAM_DOMAIN);
  if (!domain.success) throw new Unchecked("ACCESS_TEAM_DOMAIN is not valid");
  if (domain.output === undefined) return [];
  const url = `${domain.output}/cdn-cgi/access/certs`;
  const { status, body } = await getJson(url, signal);
  return v.is(keySet, body) ? [ok(`${url} has keys`)] : [fail(`${url} has no keys (HTTP ${status})`, FIX)];
}
