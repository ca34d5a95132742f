/** Runs a simulation from its start to its end. */
import type { Findings } from "./observe/findings.ts";
import type { Plan } from "./report/plan.ts";
import { specOf } from "./specification.ts";
import { startWorkerd, type Usage } from "./workerd.ts";
import type { Progress } from "./world/world.ts";

export interface Outcome {
  readonly findings: Findings;
  readonly usage: Usage;
}

export async function simulate(
  plan: Plan,
  seed: number,
  show: (progress: Progress) => void,
): Promise<Outcome> {
  const workerd = await startWorkerd();
  try {
    await workerd.ask("start", specOf(plan, seed));
    for (;;) {
      const progress = await workerd.ask<Progress>("advance");
      show(progress);
      if (progress.done) break;
    }
    const findings = await workerd.ask<Findings>("finish");
    return { findings, usage: workerd.usage() };
  } finally {
    await workerd.stop();
  }
}
