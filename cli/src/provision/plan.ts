/** What has to be done in an account, and in which order. */
import type { ActualState } from "./actual-state.ts";
import { attachmentRows } from "./advice.ts";
import { bucketSteps } from "./bucket-steps.ts";
import { databaseSteps } from "./database-steps.ts";
import { optionalSecretNotes } from "./optional-secrets.ts";
import { detachSteps, queueNotes, queueSteps } from "./queue-steps.ts";
import type { SecretPlan } from "./secret-plan.ts";
import { secretSteps } from "./secret-steps.ts";
import type { SecretInputs } from "./secrets-file.ts";
import type { Row, Step, StepDeps } from "./step.ts";

export interface Plan {
  readonly steps: readonly Step[];
  /** Of the steps, and of what a deployment does. */
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** @throws GatewayError if the account contradicts the files */
export function makePlan(
  deps: StepDeps,
  actual: ActualState,
  secrets: SecretPlan,
  inputs: SecretInputs,
  fileSteps: readonly Step[],
): Plan {
  const { queues } = actual;
  const steps = [
    ...fileSteps,
    ...queueSteps(deps, queues),
    ...databaseSteps(deps, actual),
    ...bucketSteps(deps, actual.lifecycle),
    ...secretSteps(deps, secrets, inputs, actual.secrets),
    ...detachSteps(deps, queues),
  ];
  return {
    steps,
    rows: [...steps.flatMap(({ rows }) => rows), ...attachmentRows(deps.desired, queues)],
    notes: [
      ...queueNotes(deps.desired, queues),
      ...optionalSecretNotes(deps.desired, actual.secrets, inputs),
    ],
  };
}
