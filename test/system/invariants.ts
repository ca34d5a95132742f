/** What must hold for the gateway's rows, alone and together with Grainchain. */
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { expect } from "vitest";
import type { GrainchainDouble } from "../grainchain/server.ts";
import type { Rows } from "./database.ts";

/** Expects every invariant to hold; a failure names the rows that break one. */
export async function expectInvariants({ rows }: { readonly rows: Rows }): Promise<void> {
  const broken: string[] = [];
  for (const { number, rule, sql } of invariants(true)) {
    const found = await rows(sql);
    broken.push(...found.map(({ id, problem }) => `${number} (${rule}): ${id}: ${problem}`));
  }
  expect(broken).toEqual([]);
}

const SELECT_VALIDATIONS = `
  SELECT v.id, v.state, (SELECT count(*) FROM timeline t WHERE t.validation_id = v.id
                         AND t.reason LIKE 'accepted by Grainchain%') AS accepted FROM validations v`;

/**
 * Expects one sandbox run for every validation with a result, no run without a validation, no acceptance in D1 that
 * Grainchain did not give, and no request that violates the API.
 */
export async function expectOneRunEach(
  { rows }: { readonly rows: Rows },
  { sandboxes, checks }: GrainchainDouble,
): Promise<void> {
  const validations = await rows(SELECT_VALIDATIONS);
  const known = new Set(validations.map(({ id }) => String(id)));
  const problems = [...sandboxes.runs.keys()].filter((id) => !known.has(id)).map((id) => `${id}: unknown`);
  for (const { id, state, accepted } of validations) {
    const ran = sandboxes.runs.has(String(id));
    if ((state === "completed" || state === "failed") && !ran) problems.push(`${id}: ${state} without a run`);
    const given = sandboxes.accepted.get(String(id)) ?? 0;
    if (Number(accepted) > given)
      problems.push(`${id}: accepted ${accepted} times, Grainchain says ${given}`);
  }
  // Two validations of one head would each have a key of their own.
  const heads = [...sandboxes.runs.values()].map(
    ({ request }) => `${request.project_id}#${request.pr_number} ${request.head_sha}`,
  );
  const repeated = heads.filter((head, index) => heads.indexOf(head) !== index);
  const reruns = await rows("SELECT count(*) AS n FROM validations WHERE run > 1");
  if (repeated.length > Number(reruns[0]?.n)) problems.push(...repeated.map((head) => `${head}: ran again`));
  expect(problems).toEqual([]);
  expect(checks.violations).toEqual([]);
}
