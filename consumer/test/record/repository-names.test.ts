import { env } from "cloudflare:workers";
import { loadNames, SELECT_KNOWN } from "@webhook-gateway/shared/store/repository-names.ts";
import { beforeEach, expect, test } from "vitest";
import { count, empty, rows } from "../support/database.ts";
import { freshRepository, note, pullRequest } from "../support/facts.ts";
import { record, recordEach } from "../support/recording.ts";

beforeEach(async () => {
  await empty();
});

const renamed = (repository: ReturnType<typeof freshRepository>, full_name: string) => ({
  ...repository,
  full_name,
});
const namesOf = (name: string) => loadNames(env.DB, name);

test("a repository is found under its only name", async () => {
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "a", 1)]);
  expect(await namesOf(repository.full_name.toUpperCase())).toMatchObject({
    id: repository.id,
    current: repository.full_name,
    own: [repository.full_name],
  });
});

test("a name that nobody has had stands for itself", async () => {
  expect(await namesOf("octo/none")).toEqual({
    id: null,
    current: null,
    own: ["octo/none"],
  });
});

test("a renamed repository is found under each of its names, and has the one that it had last", async () => {
  const repository = freshRepository();
  const now = renamed(repository, "acme/new-name");
  await record([pullRequest(repository)("opened", "a", 1)]);
  await record([pullRequest(now)("synchronize", "b", 10)]);
  for (const name of [repository.full_name, "acme/new-name"]) {
    const { id, current, own } = await namesOf(name);
    expect({ id, current, own: own.toSorted() }).toEqual({
      id: repository.id,
      current: "acme/new-name",
      own: ["acme/new-name", repository.full_name],
    });
  }
});

test("its name is the newest event's, in whatever order they come", async () => {
  const repository = freshRepository();
  const now = renamed(repository, "acme/new-name");
  const events = [
    pullRequest(repository, 1)("opened", "a", 1),
    pullRequest(repository, 2)("opened", "a", 5),
    pullRequest(now, 3)("opened", "a", 10),
    pullRequest(now, 4)("opened", "a", 12),
  ];
  await recordEach([3, 0, 2, 1].flatMap((index) => events[index] ?? []));
  expect((await namesOf(repository.full_name)).current).toBe("acme/new-name");
});

test("it may get an earlier name back", async () => {
  const repository = freshRepository();
  const between = renamed(repository, "acme/between");
  await recordEach([
    pullRequest(repository, 1)("opened", "a", 1),
    pullRequest(between, 2)("opened", "a", 10),
    pullRequest(repository, 3)("opened", "a", 20),
    // Late: from before it got its name back.
    pullRequest(between, 4)("opened", "a", 11),
  ]);
  expect((await namesOf("acme/between")).current).toBe(repository.full_name);
});

test("a rename is known from GitHub's own event, before anything else happens", async () => {
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "a", 1)]);
  await record([
    { ...note("repository", renamed(repository, "acme/new-name")), received_at: "2026-11-01T11:00:00.000Z" },
  ]);
  expect((await namesOf(repository.full_name)).current).toBe("acme/new-name");
});

test("a name that another repository has taken no longer belongs to the first one", async () => {
  const [one, two] = [freshRepository(), freshRepository()];
  await recordEach([
    pullRequest(one)("opened", "a", 1),
    pullRequest(renamed(one, "acme/moved"))("synchronize", "b", 10),
    pullRequest(renamed(two, one.full_name))("opened", "a", 20),
  ]);
  expect(await namesOf(one.full_name)).toMatchObject({ id: two.id, own: [one.full_name] });
  expect(await namesOf("acme/moved")).toMatchObject({ id: one.id, own: ["acme/moved"] });
});

test("a name is written once, however many deliveries bear it", async () => {
  const repository = freshRepository();
  for (let number = 1; number <= 5; number++)
    await record([pullRequest(repository, number)("opened", "a", number)]);
  expect(await count("SELECT count(*) FROM repository_names WHERE at = '2026-11-01T10:00:01.000Z'")).toBe(1);
  expect(await count("SELECT count(*) FROM repository_names")).toBe(1);
});

test("the names of what was there before the table are found when it is made", async () => {
  const repository = freshRepository();
  await recordEach([
    pullRequest(repository, 1)("opened", "a", 1),
    pullRequest(renamed(repository, "acme/new-name"), 2)("opened", "a", 10),
    note("repository", renamed(repository, "acme/new-name")),
    note("installation"),
  ]);
  const byHand = (await rows("SELECT * FROM repository_names ORDER BY name")) as unknown[];
  const migration = env.TEST_MIGRATIONS.find(({ name }) => name.startsWith("0009"));
  const fill = (migration?.queries ?? []).filter((sql) => sql.includes("INSERT INTO"));
  expect(fill).toHaveLength(2);
  // The old name's delivery is gone by now, its validation is not.
  await rows("DELETE FROM deliveries WHERE repository = ?1", repository.full_name);
  await rows("UPDATE validations SET created_at = '2026-09-01T00:00:00.000Z' WHERE pr_number = 1");
  await env.DB.batch(["DELETE FROM repository_names", ...fill].map((sql) => env.DB.prepare(sql)));
  const found = await rows("SELECT * FROM repository_names ORDER BY name");
  expect(found).toMatchObject(byHand.map((row) => ({ ...Object(row), at: expect.any(String) })));
  expect((await namesOf(repository.full_name)).current).toBe("acme/new-name");
});

test("a repository is known by its current name and the secret that signed its newest delivery", async () => {
  const before = freshRepository();
  const after = renamed(before, `${before.full_name}-2026`);
  await record([{ ...pullRequest(before, 1)("opened", "a", 1), secret: "acme" }]);
  await record([{ ...pullRequest(after, 1)("synchronize", "b", 2), secret: "current" }]);
  const known = await rows<{ repository: string }>(SELECT_KNOWN);
  expect(known.filter(({ repository }) => repository.startsWith(before.full_name))).toEqual([
    { repository: after.full_name, secret: "current" },
  ]);
});
