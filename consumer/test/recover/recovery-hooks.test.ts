import { parseHook } from "@webhook-gateway/shared/github/hook.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { notFound } from "../../../test/github/client/fault.ts";
import { reconcileNew } from "../../src/recover/reconcile-schedule.ts";
import { empty, rows } from "../support/database.ts";
import { freshRepository } from "../support/facts.ts";
import { asked, openWorld, type Repository, TOKEN, type World } from "../support/github.ts";
import { examples } from "../support/hook-deliveries.ts";

beforeEach(empty);

const hooks = (...names: string[]) => names.flatMap((name) => parseHook(name) ?? []);

type Kind = "org" | "repo" | "app";

/** A hook of each kind, as GitHub has it and as it is configured. */
function hookOf(kind: Kind, repository: Repository, deliveries: ReturnType<typeof examples.pullRequests>) {
  const [owner = "", repo = ""] = repository.full_name.split("/");
  const spec = {
    org: { kind: "org" as const, owner, id: 5 },
    repo: { kind: "repo" as const, owner, repo, id: 6 },
    app: { kind: "app" as const, id: 7 },
  }[kind];
  const name = { org: `org:${owner}/5`, repo: `repo:${owner}/${repo}/6`, app: "app" }[kind];
  return { spec: { ...spec, deliveries }, name };
}

const recorded = async (): Promise<number> => (await rows("SELECT id FROM deliveries")).length;

/** What is known of each hook. */
const errors = async (): Promise<Record<string, string | null>> =>
  Object.fromEntries(
    (
      await rows<{ name: string; error: string | null }>(
        "SELECT name, value->>'error' AS error FROM settings WHERE name LIKE 'reconcile:%'",
      )
    ).map(({ name, error }) => [name, error]),
  );

/** As whom the requests for a hook's deliveries were made. */
const credentials = async ({ double }: World): Promise<Set<string>> =>
  new Set(
    (await double.requests()).filter(({ path }) => path.includes("/deliveries")).map(({ auth }) => auth.kind),
  );

describe.each<[Kind, "app" | "token", string | undefined, string]>([
  ["org", "token", undefined, "token"],
  ["repo", "token", undefined, "token"],
  ["org", "app", undefined, "installation"],
  ["repo", "app", undefined, "installation"],
  ["app", "app", undefined, "app"],
  ["org", "app", TOKEN, "token"],
  ["app", "app", TOKEN, "app"],
])("the hook of kind %s, as %s, with the token %j beside it,", (kind, mode, token, credential) => {
  test(`is read as ${credential}, and what it lost is fetched and asked for`, async () => {
    const repository = freshRepository();
    const lost = examples.pullRequests(repository, 3);
    const gone = examples.pullRequests(repository, 1, { payload: null, ageSeconds: 900 });
    const { spec, name } = hookOf(kind, repository, [...lost, ...gone.map((one) => ({ ...one, id: "7" }))]);
    const world = await openWorld({
      mode,
      repositories: [repository.full_name],
      hooks: [spec],
      ...(token === undefined ? {} : { tokens: [token], config: { token } }),
    });
    expect(await reconcileNew(world.deps, hooks(name))).toBe(true);
    expect(await recorded()).toBe(3);
    expect((await world.double.state()).redeliveries).toMatchObject([{ delivery_id: "7" }]);
    expect(await credentials(world)).toEqual(new Set([credential]));
    expect(await errors()).toEqual({ [`reconcile:${name}`]: null });
  });
});

test("a missing hook is reported, and does not hold up the others", async () => {
  const repository = freshRepository();
  const { spec, name } = hookOf("org", repository, examples.pullRequests(repository, 2));
  const world = await openWorld({ mode: "token", repositories: [repository.full_name], hooks: [spec] });
  await reconcileNew(world.deps, hooks("org:octo/404", "repo:octo/none/6", name));
  expect(await recorded()).toBe(2);
  expect(await errors()).toEqual({
    "reconcile:org:octo/404": expect.stringContaining("HTTP 404"),
    "reconcile:repo:octo/none/6": expect.stringContaining("HTTP 404"),
    [`reconcile:${name}`]: null,
  });
  world.pass(299);
  const before = (await asked(world, /./)).length;
  await reconcileNew(world.deps, hooks("org:octo/404"));
  expect((await asked(world, /./)).length).toBe(before);
});

test("an organization without the App is reported", async () => {
  const repository = freshRepository();
  const { spec, name } = hookOf("org", repository, []);
  const world = await openWorld({ mode: "app", hooks: [spec] });
  await reconcileNew(world.deps, hooks(name));
  expect(await errors()).toEqual({ [`reconcile:${name}`]: expect.stringContaining("HTTP 404") });
});

test("a broken private key is reported with its own message", async () => {
  const world = await openWorld({ mode: "app", config: { privateKey: "broken" } });
  await reconcileNew(world.deps, hooks("app"));
  expect(await errors()).toEqual({ "reconcile:app": expect.stringContaining("is not a PEM") });
});

test("the same event of an organization's hook and of the App's is recorded once", async () => {
  const repository = freshRepository();
  const lost = examples.pullRequests(repository, 4);
  const [org, app] = [hookOf("org", repository, lost), hookOf("app", repository, lost)];
  const world = await openWorld({
    mode: "app",
    repositories: [repository.full_name],
    hooks: [org.spec, app.spec],
  });
  await reconcileNew(world.deps, hooks(org.name, app.name));
  expect(await recorded()).toBe(4);
  expect(await asked(world, /\/deliveries\/\d+$/)).toHaveLength(4);
});

test("a delivery that GitHub no longer knows does not hold up the others", async () => {
  const repository = freshRepository();
  const lost = examples.pullRequests(repository, 5);
  const { spec, name } = hookOf("org", repository, lost);
  const world = await openWorld({ mode: "token", repositories: [repository.full_name], hooks: [spec] });
  await world.double.fault({ method: "GET", path: `/deliveries/${lost[2]?.id}$` }, notFound, 0);
  await world.double.fault({ path: `/deliveries/${lost[3]?.id}(/attempts)?$` }, notFound, 0);
  await reconcileNew(world.deps, hooks(name));
  expect(await recorded()).toBe(3);
  expect(await errors()).toEqual({ [`reconcile:${name}`]: null });
  expect((await world.double.state()).redeliveries).toMatchObject([{ delivery_id: lost[2]?.id }]);
  expect(await rows("SELECT missing, recovered, redelivered FROM reconciles")).toEqual([
    { missing: 5, recovered: 3, redelivered: 1 },
  ]);
  expect(world.lines.filter((line) => line.includes('"delivery.lost"'))).toEqual([
    expect.stringContaining(lost[3]?.guid ?? ""),
  ]);
});
