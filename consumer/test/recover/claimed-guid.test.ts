/** Somebody with a secret sends something under the GUID of a delivery that has not arrived. */
import { parseHook } from "@webhook-gateway/shared/github/hook.ts";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { fingerprintOf } from "@webhook-gateway/shared/routing/fingerprint.ts";
import { beforeEach, expect, test } from "vitest";
import { reconcileNew } from "../../src/recover/reconcile-schedule.ts";
import { empty, rows } from "../support/database.ts";
import { freshRepository, note, pullRequest } from "../support/facts.ts";
import { asked, openWorld } from "../support/github.ts";
import { examples } from "../support/hook-deliveries.ts";

beforeEach(empty);

const HOOKS = ["org:octo/5"].flatMap((name) => parseHook(name) ?? []);
const PAYLOADS = /\/deliveries\/\d+$/;

async function lost(status_code = 502) {
  const repository = freshRepository();
  const deliveries = examples.pullRequests(repository, 1, { status_code });
  const [one] = deliveries;
  if (one === undefined) throw new Error("no delivery");
  const world = await openWorld({
    mode: "token",
    hooks: [{ kind: "org", owner: "octo", id: 5, deliveries }],
  });
  const claim = async (fact: DeliveryFact) => {
    const claimed = { ...fact, id: one.guid, received_at: one.delivered_at };
    await world.record({ ...claimed, fingerprint: await fingerprintOf(claimed) });
  };
  return { repository, one, world, claim };
}

const recorded = () =>
  rows("SELECT id, event, action, recovered_at IS NOT NULL AS recovered FROM deliveries ORDER BY id");

test.each([
  ["another event", () => note("ping")],
  ["another repository's", () => pullRequest(freshRepository(), 1)("opened", "x", 0)],
  ["another pull request's", null],
] as const)("a delivery is recovered beside %s that has claimed its GUID, once", async (_, forged) => {
  const { repository, one, world, claim } = await lost();
  await claim(forged?.() ?? pullRequest(repository, 99)("opened", "x", 0));
  await reconcileNew(world.deps, HOOKS);
  expect(await recorded()).toMatchObject([
    { id: one.guid, recovered: 0 },
    {
      id: expect.stringMatching(`^${one.guid}~[0-9a-f]{12}$`),
      event: "pull_request",
      action: "opened",
      recovered: 1,
    },
  ]);
  expect(
    await rows("SELECT pr_number FROM validations WHERE repository_id = ?1 AND pr_number = 1", repository.id),
  ).toHaveLength(1);
  // What was compared is not fetched again.
  await rows("DELETE FROM settings");
  await reconcileNew(world.deps, HOOKS);
  expect(await asked(world, PAYLOADS)).toEqual([200]);
  expect(await recorded()).toHaveLength(2);
  expect(await rows("SELECT missing, recovered FROM reconciles")).toEqual([{ missing: 1, recovered: 1 }]);
});

test("what GitHub lists as another event is compared although it was accepted", async () => {
  const { world, claim } = await lost(202);
  await claim(note("ping"));
  await reconcileNew(world.deps, HOOKS);
  expect(await recorded()).toHaveLength(2);
});

test("a delivery that GitHub calls failed, and that arrived after all, is compared once and not recorded twice", async () => {
  const { repository, one, world, claim } = await lost();
  await claim(examples.factOf(one, repository));
  await reconcileNew(world.deps, HOOKS);
  await rows("DELETE FROM settings");
  await reconcileNew(world.deps, HOOKS);
  expect(await asked(world, PAYLOADS)).toEqual([200]);
  expect(await recorded()).toHaveLength(1);
  expect(await rows("SELECT id FROM reconciles")).toEqual([]);
});

test("what was accepted and is recorded as it is listed is not fetched", async () => {
  const { repository, one, world, claim } = await lost(202);
  await claim(examples.factOf(one, repository));
  await reconcileNew(world.deps, HOOKS);
  expect(await asked(world, PAYLOADS)).toEqual([]);
});
