/** The required settings of a hook, and the result of its last delivery. */
import type { GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import * as v from "valibot";
import type { CheckContext } from "../context.ts";
import { collect, fail, type Report, skipped, warn } from "../finding.ts";

const TYPES = ["json", "form"];

/** A hook's configuration, as GitHub shows it. */
export const hookConfig = v.object({
  url: v.optional(v.string(), ""),
  content_type: v.optional(v.string(), "form"),
  insecure_ssl: v.optional(v.union([v.string(), v.number()]), "0"),
  secret: v.optional(v.string()),
});
const deliveries = v.array(
  v.object({ status_code: v.number(), delivered_at: v.string(), event: v.string() }),
);

/** Does it send to this gateway, in a way that the gateway accepts? */
export function judgeConfig(
  context: CheckContext,
  hook: v.InferOutput<typeof hookConfig>,
  fix: string,
): Report[] {
  const { url, content_type: type, insecure_ssl: insecure, secret } = hook;
  return collect(
    judgeUrl(context, url, fix),
    !TYPES.includes(type) && fail(`its content type is ${type}`, `${fix}: application/json`),
    String(insecure) !== "0" && fail("it does not verify the gateway's certificate", fix),
    // GitHub shows stars for a secret, and leaves the field out if there is none.
    !secret &&
      fail("it has no secret: every delivery is refused", `${fix}: the value of GITHUB_WEBHOOK_SECRET`),
  );
}

function judgeUrl({ url: gateway, isLocal }: CheckContext, url: string, fix: string): Report | false {
  if (gateway === undefined)
    return skipped("whether it sends to this gateway: CLOUDFLARE_WORKER_URL is still an example");
  const expected = `${gateway}/webhook/github`;
  if (URL.parse(url)?.href === URL.parse(expected)?.href) return false;
  const what = `it sends to ${url || "nowhere"}, not to ${expected}`;
  // GitHub reaches a local gateway through a tunnel, at the tunnel's address.
  if (isLocal) return warn(what, "pass the tunnel's address as --url");
  return fail(what, `${fix}: Payload URL ${expected}; or pass the gateway's other address as --url`);
}

/** Did the last delivery arrive? @param answer the list of deliveries, the latest first */
export function judgeDelivery(answer: GitHubAnswer, fix: string): Report | false {
  const parsed = v.safeParse(deliveries, answer.ok ? answer.data : undefined);
  if (!parsed.success) return skipped("whether deliveries arrive: GitHub does not list them");
  const [last] = parsed.output;
  if (last === undefined)
    return warn("nothing was delivered yet", `${fix}, Recent Deliveries: Redeliver the ping`);
  const { status_code: status, delivered_at: at, event } = last;
  if (status >= 200 && status < 300) return false;
  const result = status === 0 ? "had no answer" : `was answered ${status}`;
  const hint =
    status === 401 ? "set the same secret there as GITHUB_WEBHOOK_SECRET" : "gateway reconcile fetches it";
  return fail(`the last delivery (${event}, ${at}) ${result}`, hint);
}
