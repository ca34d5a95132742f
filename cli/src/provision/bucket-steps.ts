/** Steps about the bucket of the archive: create it, and have it delete what is old. */
import { type ExpiryRule, readLifecycle } from "../cloudflare/buckets.ts";
import { succeed } from "../cloudflare/wrangler.ts";
import type { DesiredBucket } from "../project/desired-state.ts";
import type { Row, Step, StepDeps } from "./step.ts";

/** What has to change in a bucket's rules. */
export const wrongRules = ({ rules }: DesiredBucket, actual: readonly ExpiryRule[]) =>
  rules
    .map((rule) => ({ rule, existing: actual.find(({ id }) => id === rule.id) }))
    .filter(({ rule, existing }) => existing?.prefix !== rule.prefix || existing.days !== rule.days);

/** @param actual its rules; undefined if it does not exist */
export function bucketSteps(deps: StepDeps, actual: readonly ExpiryRule[] | undefined): Step[] {
  const { bucket } = deps.desired;
  if (bucket === undefined) return [];
  const wrong = wrongRules(bucket, actual ?? []);
  return [
    ...(actual === undefined ? [createBucket(deps, bucket)] : []),
    ...(wrong.length === 0 ? [] : [setRules(deps, bucket, wrong)]),
  ];
}

function createBucket({ account, wrangler, location }: StepDeps, { name }: DesiredBucket): Step {
  return {
    rows: [{ resource: `R2 bucket ${name}`, is: "missing", will: "created" }],
    async perform() {
      if ((await readLifecycle(account, name)) !== undefined) return `R2 bucket ${name} already exists`;
      const where = location === undefined ? [] : ["--location", location];
      await succeed(wrangler, ["r2", "bucket", "create", name, ...where]);
      return `created R2 bucket ${name}`;
    },
  };
}

const expiryText = (rule: Pick<ExpiryRule, "days"> | undefined): string =>
  rule === undefined
    ? "kept forever"
    : rule.days === null
      ? "another rule"
      : `deleted after ${rule.days} days`;

function setRules(
  { account, wrangler }: StepDeps,
  bucket: DesiredBucket,
  wrong: ReturnType<typeof wrongRules>,
): Step {
  const { name } = bucket;
  return {
    rows: wrong.map(
      ({ rule, existing }): Row => ({
        resource: `${rule.prefix} in ${name}`,
        is: expiryText(existing),
        will: expiryText(rule),
      }),
    ),
    async perform() {
      for (const { rule, existing } of wrongRules(bucket, (await readLifecycle(account, name)) ?? [])) {
        const { id, prefix, days } = rule;
        const lifecycle = ["r2", "bucket", "lifecycle"];
        if (existing !== undefined) await succeed(wrangler, [...lifecycle, "remove", name, "--name", id]);
        await succeed(wrangler, [
          ...lifecycle,
          "add",
          name,
          id,
          prefix,
          "--expire-days",
          String(days),
          "--force",
        ]);
      }
      return `set the lifecycle rules of ${name}`;
    },
  };
}
