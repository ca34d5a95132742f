/** What has to be done in an account, and in which order. */
import type { Actual } from "./actual-state.ts";
import { attachmentRows } from "./advice.ts";
import { databaseSteps } from "./database-steps.ts";
import { givenNotes } from "./optional-secrets.ts";
import { detachSteps, queueNotes, queueSteps } from "./queue-steps.ts";
import type { SecretPlaces, SecretPlan } from "./secret-plan.ts";
import { secretSteps } from "./secret-steps.ts";
import type { Row, Step, StepDeps } from "./step.ts";

export interface Plan {
  readonly steps: readonly Step[];
  /** Of the steps, and of what deploying does. */
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** @throws GatewayError where the account and the files cannot be brought together */
export function makePlan(deps: StepDeps, actual: Actual, secrets: SecretPlan, places: SecretPlaces): Plan {
  const { queues } = actual;
  const steps = [
    ...queueSteps(deps, queues),
    ...databaseSteps(deps, actual),
    ...secretSteps(deps, secrets, places, actual.secrets),
    ...detachSteps(deps, queues),
  ];
  return {
    steps,
    rows: [...steps.flatMap(({ rows }) => rows), ...attachmentRows(deps.wanted, queues)],
    notes: [...queueNotes(deps.wanted, queues), ...givenNotes(deps.wanted, actual.secrets, places)],
  };
}
