/** Is there a bucket for the archive, and does it delete what is old? */
import { readLifecycle } from "../cloudflare/buckets.ts";
import { SOURCE } from "../project/environments.ts";
import { wrongRules } from "../provision/bucket-steps.ts";
import type { Check } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, ok, problemsOr, warn } from "./finding.ts";

export const bucketCheck = (context: CheckContext): Check => ({
  name: "R2",
  async run(signal) {
    const { bucket } = context.desired();
    if (bucket === undefined) {
      const what =
        "the files have no bucket ARCHIVE: large results and old validations stay in D1, then are deleted";
      return [warn(what, `add [[both.r2_buckets]] to ${SOURCE}, for both Workers`)];
    }
    if (context.isLocal) return [ok("npm start creates the local bucket")];
    const rules = await readLifecycle(context.account(), bucket.name, signal);
    if (rules === undefined) {
      return [fail(`bucket ${bucket.name} does not exist`, context.provisionCommand)];
    }
    return problemsOr(
      ok(`${bucket.name} has its lifecycle rules`),
      wrongRules(bucket, rules).map(({ rule }) =>
        warn(
          `${bucket.name} does not delete ${rule.prefix} after ${rule.days} days`,
          context.provisionCommand,
        ),
      ),
    );
  },
});
