/** What a hook has to be set to, and how its last delivery ended. */

import type { GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import * as v from "valibot";
import type { Place } from "../context.ts";
import { type Finding, fail, skipped, warn } from "../finding.ts";

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
  place: Place,
  hook: v.InferOutput<typeof hookConfig>,
  check: string,
  mend: string,
): Finding[] {
  const { url, content_type: type, insecure_ssl: insecure, secret } = hook;
  return [
    ...judgeUrl(place, url, check, mend),
    ...(TYPES.includes(type)
      ? []
      : [fail(check, `its content type is ${type}`, `${mend}: application/json`)]),
    ...(String(insecure) === "0" ? [] : [fail(check, "it does not verify the gateway's certificate", mend)]),
    // GitHub shows stars for one, and leaves it out where there is none.
    ...(secret === undefined || secret === ""
      ? [
          fail(
            check,
            "it has no secret: every delivery is refused",
            `${mend}: the value of GITHUB_WEBHOOK_SECRET`,
          ),
        ]
      : []),
  ];
}

function judgeUrl({ url: gateway, environment }: Place, url: string, check: string, mend: string): Finding[] {
  if (gateway === undefined) {
    return [skipped(check, "whether it sends to this gateway: CLOUDFLARE_WORKER_URL is an example still")];
  }
  const wanted = `${gateway}/webhook/github`;
  if (URL.parse(url)?.href === URL.parse(wanted)?.href) return [];
  const what = `it sends to ${url === "" ? "nowhere" : url}, and not to ${wanted}`;
  // It reaches a local gateway through a tunnel, under the tunnel's name.
  if (environment === "development") return [warn(check, what, "give the tunnel's address as --url")];
  return [fail(check, what, `${mend}: Payload URL ${wanted}; or give the gateway's other address as --url`)];
}

/** Did the last delivery arrive? @param answer the list of deliveries, the latest first */
export function judgeDelivery(answer: GitHubAnswer, check: string, mend: string): Finding[] {
  const parsed = v.safeParse(deliveries, answer.ok ? answer.data : undefined);
  if (!parsed.success) return [skipped(check, "whether deliveries arrive: GitHub does not list them")];
  const [last] = parsed.output;
  if (last === undefined)
    return [warn(check, "nothing was delivered yet", `${mend}, Recent Deliveries: Redeliver the ping`)];
  const { status_code: status, delivered_at: at, event } = last;
  if (status >= 200 && status < 300) return [];
  const what = status === 0 ? "had no answer" : `was answered ${status}`;
  const hint =
    status === 401 ? "set the same secret there as GITHUB_WEBHOOK_SECRET" : "gateway reconcile fetches it";
  return [fail(check, `the last delivery (${event}, ${at}) ${what}`, hint)];
}
