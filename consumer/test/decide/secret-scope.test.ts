/** A secret that is bound to repositories signs the id of another one beside a name of its own. */
import { env } from "cloudflare:workers";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { loadTraceRows } from "@webhook-gateway/shared/store/read/trace-rows.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { empty, rows } from "../support/database.ts";
import {
  command,
  delivery,
  freshRepository,
  mergeGroup,
  note,
  pullRequest,
  push,
  rerun,
  sha,
} from "../support/facts.ts";
import { deliveryOf, outcomesOf, record, recordEach, validationsOf } from "../support/recording.ts";

beforeEach(empty);

type Repository = ReturnType<typeof freshRepository>;

const signed = (fact: DeliveryFact, secret: string, bound_to?: string[]): DeliveryFact => ({
  ...fact,
  secret,
  ...(bound_to === undefined ? {} : { bound_to }),
});
const byEvil = (fact: DeliveryFact) => signed(fact, "evil", ["evil/*"]);
const byOcto = (fact: DeliveryFact) => signed(fact, "octo", ["octo/*"]);
/** The other repository's id beside a name that the secret is bound to. */
const disguised = ({ id }: Repository): Repository => ({
  id,
  full_name: "evil/x",
  clone_url: "https://github.com/evil/x.git",
});

const ATTACKS: readonly [string, (repository: Repository) => DeliveryFact][] = [
  ["a close", (repository) => pullRequest(repository)("closed", "a", 9)],
  ["a newer head", (repository) => pullRequest(repository)("synchronize", "b", 9)],
  ["another base", (repository) => pullRequest(repository)("edited", "a", 9)],
  ["a command to cancel", (repository) => command(repository, "cancel")],
  ["a command to validate", (repository) => command(repository, "validate")],
  ["a re-run", (repository) => rerun(repository, "a")],
  ["a destroyed merge group", (repository) => mergeGroup(repository, "destroyed", "m")],
  ["a push", (repository) => push(repository, "p", "q", 9)],
  ["a rename", (repository) => note("repository", repository)],
  ["a ping", (repository) => note("ping", repository)],
];

test.each(ATTACKS)(
  "%s changes nothing of a repository that is known under another name",
  async (_, attack) => {
    const repository = freshRepository();
    await recordEach([
      byOcto(pullRequest(repository)("opened", "a", 0)),
      byOcto(mergeGroup(repository, "checks_requested", "m")),
      byOcto(push(repository, "o", "p", 0)),
    ]);
    const before = await everything();
    const forged = byEvil(attack(disguised(repository)));
    const { verdicts } = await record([forged]);
    expect(verdicts).toEqual(["ack"]);
    expect(await everything()).toEqual(before);
    expect(await deliveryOf({ ...forged, id: `${forged.id}~evil` })).toMatchObject({
      outcome: "refused",
      reason: `its repository id is that of ${repository.full_name}, which the secret is not valid for`,
    });
  },
);

const everything = () =>
  Promise.all(
    ["subjects", "validations", "timeline", "cancels", "reactions", "repository_names"].map((table) =>
      rows(`SELECT * FROM ${table}`),
    ),
  );

test("what is refused does not claim its GUID: the genuine delivery is recorded, as is a copy of it", async () => {
  const repository = freshRepository();
  await recordEach([byOcto(pullRequest(repository)("opened", "a", 0))]);
  const genuine = byOcto(pullRequest(repository)("synchronize", "b", 9));
  const forged = byEvil({ ...pullRequest(disguised(repository))("closed", "a", 8), id: genuine.id });
  await record([forged, genuine, forged, genuine]);
  await record([forged]);
  expect(await outcomesOf([genuine, { ...forged, id: `${forged.id}~evil` }])).toEqual(["started", "refused"]);
  const { deliveries } = await loadTraceRows(
    env.DB,
    { kind: "delivery", guid: genuine.id },
    "2026-11-01T10:00:00.000Z",
  );
  expect(deliveries.map(({ id }) => id)).toEqual(expect.arrayContaining([genuine.id, `${forged.id}~evil`]));
});

describe("a repository that has another name now", () => {
  const renamed = ({ id }: Repository, full_name: string): Repository => ({
    id,
    full_name,
    clone_url: `https://github.com/${full_name}.git`,
  });

  test("is still that of a secret that is bound to both names", async () => {
    const repository = freshRepository();
    const opened = byOcto(pullRequest(repository)("opened", "a", 0));
    const pushed = byOcto(pullRequest(renamed(repository, "octo/gadgets"))("synchronize", "b", 9));
    await recordEach([opened, pushed]);
    expect(await outcomesOf([opened, pushed])).toEqual(["started", "started"]);
  });

  test("is its new owner's once a secret for every repository has said so, and no longer the old owner's", async () => {
    const repository = freshRepository();
    const moved = renamed(repository, "evil/x");
    await recordEach([
      byOcto(pullRequest(repository)("opened", "a", 0)),
      signed({ ...note("repository", moved), received_at: "2026-11-02T00:00:00.000Z" }, "app"),
    ]);
    const late = byOcto(pullRequest(repository)("synchronize", "b", 9));
    const pushed = byEvil(pullRequest(moved)("synchronize", "c", 10));
    await recordEach([late, pushed]);
    expect(await outcomesOf([{ ...late, id: `${late.id}~octo` }, pushed])).toEqual(["refused", "started"]);
  });
});

test("an id that a stranger claimed first is its owner's again once a fetched delivery names it", async () => {
  const repository = freshRepository();
  const claim = byEvil(pullRequest(disguised(repository))("opened", "a", 0));
  const opened = byOcto(pullRequest(repository)("opened", "b", 1));
  const fetched: DeliveryFact = {
    ...pullRequest(repository)("opened", "b", 1),
    id: opened.id,
    recovery: { delivered_at: null, throttled_at: null },
  };
  const pushed = byOcto(pullRequest(repository)("synchronize", "c", 2));
  await recordEach([claim, opened, fetched, pushed]);
  expect(await outcomesOf([{ ...opened, id: `${opened.id}~octo` }, fetched, pushed])).toEqual([
    "refused",
    "started",
    "started",
  ]);
  expect((await validationsOf(repository)).at(-1)?.head_sha).toBe(sha("c"));
});

test("the label of the secret is stored, and none for a delivery that was fetched or has no label", async () => {
  const repository = freshRepository();
  const facts = [
    signed(note("ping"), "previous"),
    byOcto(note("repository", repository)),
    delivery(null, "ping", null, { type: "note" }),
  ];
  await recordEach(facts);
  const stored = await rows<{ id: string; secret: string | null }>("SELECT id, secret FROM deliveries");
  expect(facts.map(({ id }) => stored.find((one) => one.id === id)?.secret)).toEqual([
    "previous",
    "octo",
    null,
  ]);
});
