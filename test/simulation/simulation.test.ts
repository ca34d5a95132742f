/** The short form of `npm run simulate`. */
import { expect, test } from "vitest";
import { SEED } from "../support/amount.ts";
import { lossOf, shortPlan } from "./report/plan.ts";
import { report } from "./report/table.ts";
import { problemsOf, raisedAlerts } from "./report/verdict.ts";
import { simulate } from "./run.ts";

test("nothing is lost, doubled or stuck while each thing around the gateway fails in turn", async () => {
  const { faults, ...plan } = shortPlan();
  const outcome = await simulate({ ...plan, faults }, SEED, () => {});
  console.log(report(outcome, faults));

  expect(problemsOf(outcome.findings, faults)).toEqual([]);
  const { findings } = outcome;
  expect(findings.states.completed).toBeGreaterThan(20);
  const raised = raisedAlerts(findings, faults).filter(({ afterMs }) => afterMs !== undefined);
  expect(raised.map(({ kind }) => kind)).toEqual(["grainchain", "database", "github"]);
  // Each fault has done what it is for.
  const { grainchain, github } = findings.counts;
  expect([grainchain?.hung, github?.refused, findings.lines["record.failed"]]).not.toContain(0);
  expect(Object.values(findings.platform).some(({ cut }) => cut > 0)).toBe(true);
});

test("pull requests whose deliveries were dropped or never sent are all judged, each once", async () => {
  const outcome = await simulate(lossOf(60), SEED, () => {});
  console.log(report(outcome, []));

  expect(problemsOf(outcome.findings, [])).toEqual([]);
  const { findings } = outcome;
  expect(findings.states).toEqual({ completed: 60 });
  expect(findings.audit?.found).toBeGreaterThan(2);
});
