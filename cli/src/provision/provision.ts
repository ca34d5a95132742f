/** Provisioning an environment: looked at, planned, shown, confirmed, done step by step. */
import { GatewayError } from "../exit.ts";
import { readActual } from "./actual-state.ts";
import { deployAdvice, secretAdvice } from "./advice.ts";
import { makePlan } from "./plan.ts";
import { planSecrets, requireKeeping, type SecretPlaces } from "./secret-plan.ts";
import type { Row, Step, StepDeps } from "./step.ts";

/** Who is shown what happens, and is asked. */
export interface Audience {
  /** @param isDone where nothing is to be done here: what rows there are, deploying does */
  showPlan(rows: readonly Row[], isDone: boolean): void;
  say(message: string): void;
  /** @throws GatewayError where it is not confirmed */
  confirm(): Promise<void>;
  /** @returns whether the one step may be performed */
  mayPerform(order: string): Promise<boolean>;
}

export interface Outcome {
  readonly plan: readonly Row[];
  /** What was done, in its order. */
  readonly done: readonly string[];
  readonly notes: readonly string[];
  /** Why it ended before its time. */
  readonly failure: GatewayError | undefined;
}

/** @throws GatewayError where there is no plan, or it is not confirmed */
export async function provision(
  deps: StepDeps,
  places: SecretPlaces,
  options: { readonly dryRun: boolean },
  audience: Audience,
): Promise<Outcome> {
  const actual = await readActual(deps.account, deps.wrangler, deps.wanted);
  const secrets = planSecrets(deps.wanted, actual.secrets, places);
  const { steps, rows: plan, notes } = makePlan(deps, actual, secrets, places);
  audience.showPlan(plan, steps.length === 0);
  for (const note of notes) audience.say(`note: ${note}`);
  const outcome = { plan, notes, failure: undefined, done: [] };
  if (options.dryRun) return outcome;
  if (steps.length === 0) {
    // Rows without a step are what deploying does.
    if (plan.length > 0) for (const line of deployAdvice(deps.wanted)) audience.say(line);
    return outcome;
  }
  requireKeeping(secrets, places.file);
  // What is asked for on its own needs no question before it.
  if (steps.some(({ question }) => question === undefined)) await audience.confirm();
  const { done, failure } = await performAll(steps, audience);
  if (failure === undefined) {
    for (const line of [...secretAdvice(secrets, places), ...deployAdvice(deps.wanted)]) audience.say(line);
  }
  return { ...outcome, done, failure };
}

async function performAll(steps: readonly Step[], audience: Audience) {
  const done: string[] = [];
  for (const step of steps) {
    const { question } = step;
    if (question !== undefined && !(await audience.mayPerform(question.order))) {
      audience.say(`note: ${question.refused}`);
      continue;
    }
    try {
      const what = await step.perform();
      done.push(what);
      audience.say(what);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      return { done, failure: interrupted(thrown) };
    }
  }
  return { done, failure: undefined };
}

const interrupted = ({ message, exitCode }: GatewayError): GatewayError =>
  new GatewayError(`${message}. What was done stays: the same command goes on from here`, exitCode);
