/** How GitHub lists the deliveries of a hook. It keeps them for three days. */
import * as v from "valibot";
import { canonicalTime } from "../text/utc-time.ts";

const time = v.pipe(v.string(), v.transform(canonicalTime));

/** GitHub's delivery ids have 64 bits. The client reads those beyond 53 as bigints, and leaves them out of paths. */
const id = v.pipe(
  v.union([v.number(), v.bigint(), v.string()]),
  v.transform((given) => String(given)),
);

/** An entry of the list. */
export const hookDelivery = v.object({
  id,
  guid: v.string(),
  delivered_at: v.pipe(time, v.string()),
  status_code: v.number(),
  event: v.string(),
  action: v.nullish(v.string(), null),
  throttled_at: v.nullish(time, null),
  repository_id: v.nullish(v.union([v.number(), v.bigint()]), null),
});

/** One attempt to deliver an event. */
export type HookDelivery = v.InferOutput<typeof hookDelivery>;

const whole = v.object({
  request: v.object({ payload: v.nullish(v.record(v.string(), v.unknown()), null) }),
});

/** The payload of one delivery that was asked for by its id; null if GitHub no longer has it. */
export function payloadOf(data: unknown): Readonly<Record<string, unknown>> | null {
  const parsed = v.safeParse(whole, data);
  if (!parsed.success) return null;
  const { payload } = parsed.output.request;
  return payload !== null && Object.keys(payload).length > 0 ? payload : null;
}

/** The cursor of the next page, from `Link`; null on the last page. */
export function nextCursor(link: string | undefined): string | null {
  const [, url] = /<([^>]+)>;\s*rel="next"/.exec(link ?? "") ?? [];
  return url === undefined ? null : (URL.parse(url)?.searchParams.get("cursor") ?? null);
}
