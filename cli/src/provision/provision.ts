/** Provisions an environment: plans, shows the plan, asks, and performs step by step. */
import { GatewayError } from "../exit.ts";
import type { ActualState } from "./actual-state.ts";
import { deployAdvice, secretAdvice } from "./advice.ts";
import { makePlan } from "./plan.ts";
import { planSecrets, requireKeeping } from "./secret-plan.ts";
import type { SecretInputs } from "./secrets-file.ts";
import type { Row, Step, StepDeps } from "./step.ts";

/** The person who runs the command. */
export interface Operator {
  /** @param isDone whether nothing is left to do here: the rows are what a deployment does */
  showPlan(rows: readonly Row[], isDone: boolean): void;
  print(message: string): void;
  /** @throws GatewayError if it is not confirmed */
  confirm(): Promise<void>;
  /** @returns whether this one step may be performed */
  mayPerform(action: string): Promise<boolean>;
}

export interface Outcome {
  readonly plan: readonly Row[];
  /** What was done, in order. */
  readonly done: readonly string[];
  readonly notes: readonly string[];
  /** Why it ended early. */
  readonly failure: GatewayError | undefined;
}

/** @throws GatewayError if there is no plan, or it is not confirmed */
export async function provision(
  deps: StepDeps,
  actual: ActualState,
  inputs: SecretInputs,
  { dryRun, fileSteps }: { readonly dryRun: boolean; readonly fileSteps: readonly Step[] },
  operator: Operator,
): Promise<Outcome> {
  const secrets = planSecrets(deps.desired, actual.secrets, inputs);
  const { steps, rows: plan, notes } = makePlan(deps, actual, secrets, inputs, fileSteps);
  operator.showPlan(plan, steps.length === 0);
  for (const note of notes) operator.print(`note: ${note}`);
  const outcome = { plan, notes, failure: undefined, done: [] };
  if (dryRun) return outcome;
  if (steps.length === 0) {
    // Rows without a step are what a deployment does.
    if (plan.length > 0) for (const line of deployAdvice(deps.desired)) operator.print(line);
    return outcome;
  }
  requireKeeping(secrets, inputs.file);
  // Steps with a question of their own need no other question before it.
  if (steps.some(({ question }) => question === undefined)) await operator.confirm();
  const { done, failure } = await performAll(steps, operator);
  if (failure === undefined) {
    for (const line of [...secretAdvice(secrets, inputs), ...deployAdvice(deps.desired)])
      operator.print(line);
  }
  return { ...outcome, done, failure };
}

async function performAll(steps: readonly Step[], operator: Operator) {
  const done: string[] = [];
  for (const { question, perform } of steps) {
    if (question !== undefined && !(await operator.mayPerform(question.action))) {
      operator.print(`note: ${question.refused}`);
      continue;
    }
    try {
      const what = await perform();
      done.push(what);
      operator.print(what);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      const message = `${thrown.message}. Finished steps stay: run the same command again to continue`;
      return { done, failure: new GatewayError(message, thrown.exitCode) };
    }
  }
  return { done, failure: undefined };
}
