/** R2 buckets, read from Cloudflare's API: Wrangler prints lifecycle rules only as text. Every change goes through Wrangler. */
import * as v from "valibot";
import { type Account, RIGHTS } from "./account.ts";
import { readFromApi } from "./api.ts";

/** A rule that deletes what is old. */
export interface ExpiryRule {
  readonly id: string;
  readonly prefix: string;
  /** Null if it does not go by age. */
  readonly days: number | null;
}

const DAY_SECONDS = 86_400;

const rule = v.pipe(
  v.object({
    id: v.string(),
    enabled: v.optional(v.boolean(), true),
    conditions: v.nullish(v.object({ prefix: v.optional(v.string(), "") }), null),
    deleteObjectsTransition: v.nullish(
      v.object({ condition: v.object({ maxAge: v.nullish(v.number(), null) }) }),
      null,
    ),
  }),
  v.transform(({ id, enabled, conditions, deleteObjectsTransition }): ExpiryRule => {
    const maxAge = enabled ? (deleteObjectsTransition?.condition.maxAge ?? null) : null;
    return { id, prefix: conditions?.prefix ?? "", days: maxAge === null ? null : maxAge / DAY_SECONDS };
  }),
);

const lifecycle = v.object({
  success: v.literal(true),
  result: v.object({ rules: v.nullish(v.array(rule), []) }),
});

/** The rules of a bucket; undefined if there is no such bucket. @throws GatewayError */
export async function readLifecycle(
  account: Account,
  bucket: string,
  signal?: AbortSignal,
): Promise<readonly ExpiryRule[] | undefined> {
  const path = `/r2/buckets/${encodeURIComponent(bucket)}/lifecycle`;
  const question = { path, schema: lifecycle, what: `the rules of bucket ${bucket}`, right: RIGHTS.r2 };
  const answer = await readFromApi(account, question, signal);
  return answer === undefined ? undefined : (answer.result.rules ?? []);
}
