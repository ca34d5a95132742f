import { expect, test } from "vitest";
import { answers, serves } from "../../grainchain/fault-policies.ts";
import { freshRepository } from "../../system/driver.ts";
import { MAX_ATTEMPTS, shared } from "./gateway.ts";

test("gives up on a validation that fails every time, with its last error in a dead letter", async () => {
  const { gateway, grainchain, open, settle, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.policy = answers(500, "boom");
  const before = grainchain.triggerCalls().length;

  await open(repo, 2);
  await settle();

  const rows = await validationsOf(repo);
  expect(rows).toMatchObject(Array(2).fill({ state: "dead", attempts: MAX_ATTEMPTS, grainchain_id: null }));
  const asked = grainchain
    .triggerCalls()
    .slice(before)
    .flatMap(({ requests }) => requests);
  expect(asked).toHaveLength(2 * MAX_ATTEMPTS);
  const deadLetters = await gateway.rows(
    "SELECT * FROM v_open_dead_letters WHERE repository = ?1 ORDER BY validation_id",
    repo,
  );
  expect(deadLetters).toMatchObject(
    rows
      .map(({ id }) => String(id))
      .toSorted()
      .map((id) => ({
        kind: "dispatch",
        class: "retryable",
        error: "HTTP 500: boom",
        attempts: MAX_ATTEMPTS,
        validation_id: id,
      })),
  );
  expect(grainchain.sandboxes.runs.has(String(rows[0]?.id))).toBe(false);
  await expectConsistent();
});

test("keeps a validation that succeeds at its last attempt", async () => {
  const { gateway, grainchain, open, settle, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  const { script } = grainchain;
  script.next.push(...Array.from({ length: MAX_ATTEMPTS - 1 }, () => answers(500)));
  script.policy = serves;

  await open(repo, 1);
  await settle();

  expect(await validationsOf(repo)).toMatchObject([{ state: "completed", attempts: MAX_ATTEMPTS }]);
  expect(await gateway.rows("SELECT * FROM dead_letters WHERE repository = ?1", repo)).toEqual([]);
  await expectConsistent();
});

test("spends no attempt while Grainchain is full, however often it refuses", async () => {
  const { gateway, grainchain, open, settle, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.next.push(...Array.from({ length: 3 * MAX_ATTEMPTS }, () => answers(503, "full")));

  await open(repo, 1);
  await settle();

  expect(await validationsOf(repo)).toMatchObject([{ state: "completed", attempts: 1 }]);
  expect(await gateway.rows("SELECT * FROM dead_letters WHERE repository = ?1", repo)).toEqual([]);
  await expectConsistent();
});
