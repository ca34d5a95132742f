/** `GITHUB_HOOK_ADDRESSES`: are the addresses that the zone lets through those that GitHub delivers from? */
import * as v from "valibot";
import { GatewayError } from "../../exit.ts";
import type { Check } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { fail, ok, problemsOr, type Report, warn } from "../finding.ts";
import { getJson } from "../http.ts";

const meta = v.object({
  hooks: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[\da-f.:/]+$/i))), v.minLength(1)),
});

type Settled = Pick<CheckContext, "settings" | "consumerConfig">;

/** None if the zone restricts no addresses. */
export const hookAddressesCheck = (context: Settled): Check[] =>
  context.settings.GITHUB_HOOK_ADDRESSES === undefined
    ? []
    : [{ name: "hook addresses", run: (signal) => checkAddresses(context, signal) }];

async function checkAddresses({ settings, consumerConfig }: Settled, signal: AbortSignal): Promise<Report[]> {
  const given = (settings.GITHUB_HOOK_ADDRESSES ?? "")
    .split(/[\s,]+/)
    .filter((one) => one !== "" && one !== "none");
  const url = `${consumerConfig().GITHUB_API_URL.replace(/\/+$/, "")}/meta`;
  const { status, body } = await getJson(url, signal);
  const parsed = v.safeParse(meta, body);
  if (!parsed.success) throw new GatewayError(`${url} lists no hooks (HTTP ${status})`);
  const { hooks } = parsed.output;
  const missing = hooks.filter((one) => !given.includes(one));
  const stale = given.filter((one) => !hooks.includes(one));
  const fix = `set the rule to ${ruleFor(hooks)} and GITHUB_HOOK_ADDRESSES=${hooks.join(",")}`;
  return problemsOr(
    ok(`all ${hooks.length} are GitHub's`),
    missing.length > 0 && fail(`GitHub also delivers from ${missing.join(", ")}`, fix),
    stale.length > 0 && warn(`GitHub no longer delivers from ${stale.join(", ")}`, fix),
  );
}

/** What a WAF rule blocks. Any path with this ending is meant, because it may resolve to the route. */
const ruleFor = (addresses: readonly string[]): string =>
  `(ends_with(http.request.uri.path, "github") and not ip.src in {${addresses.join(" ")}})`;
