import { expect, test } from "vitest";
import { MIGRATIONS, provisioned } from "../support/fake-wrangler-account.ts";
import { GIVEN_SECRETS, openProject } from "../support/fake-wrangler-project.ts";
import { DEPLOY_LINES, nameDatabase, openProvisioned, UUID } from "../support/provisioned-project.ts";

const YES = ["provision", "--env", "staging", "--yes"];

test("extends the retention of queues that keep messages too briefly, and of no others", async () => {
  const project = await openProvisioned();
  project.account.change(({ queues }) => {
    for (const queue of queues) queue.retention = queue.name.includes("events") ? 345_600 : 1_209_600;
  });

  const ran = await project.run(YES);

  expect(ran.stdout).toMatch(
    /queue webhook-gateway-events-staging +keeps messages for 4 days +keeps messages for 14 days/,
  );
  expect(project.changes()).toEqual([
    "queues update webhook-gateway-events-staging --message-retention-period-secs 1209600",
  ]);
});

test("names a queue whose retention is not known", async () => {
  const project = await openProvisioned();
  project.account.change(({ queues }) => {
    for (const queue of queues) queue.retention = null;
  });

  const { stderr } = await project.run(YES);

  expect(stderr).toContain(
    "note: queue webhook-gateway-events-staging: Cloudflare does not say how long messages are kept; it should be 14 days\n",
  );
  expect(stderr).not.toContain("work-staging");
});

test("says that 14 days need a paid plan if Cloudflare refuses them", async () => {
  const project = await openProject({ maxRetention: 86_400 });

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("14 days need the Paid plan");
});

test("finds a database by its name, and applies missing migrations", async () => {
  const [first = "", ...others] = MIGRATIONS;
  const database = { uuid: UUID, name: "webhook-gateway-staging", applied: [first] };
  const project = await openProject({ ...provisioned("staging", UUID), databases: [database] });

  const ran = await project.run(YES);

  expect(ran.stdout).toContain(`missing ${others.length} migrations`);
  expect(project.changes()).toEqual([
    "d1 migrations apply webhook-gateway-staging -c wrangler.producer.toml --env staging --remote",
  ]);
  expect(project.read("wrangler.consumer.toml")).toContain(`database_id = "${UUID}"`);
});

test.each([
  ["environments.toml", "wrangler.producer.toml, wrangler.consumer.toml"],
  ["wrangler.producer.toml", "environments.toml, wrangler.consumer.toml"],
])("continues if only %s has the id", async (file, others) => {
  const project = await openProject(provisioned("staging", UUID));
  project.edit(file, (toml) => toml.replace(/0{8}-[\d-]*2"/, `${UUID}"`));

  const ran = await project.run(YES);

  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stderr).toBe(`wrote database_id ${UUID} to ${others}: commit this\n${DEPLOY_LINES}`);
});

test.each([
  ["no database of this account", "11111111-1111-4111-8111-111111111111"],
  ["the database somebody-elses", "22222222-2222-4222-8222-222222222222"],
])("never replaces an id that somebody set: %s", async (problem, id) => {
  const project = await openProject({
    databases: [{ uuid: "22222222-2222-4222-8222-222222222222", name: "somebody-elses", applied: null }],
  });
  nameDatabase(project, id);

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain(`is that of ${problem}, not of webhook-gateway-staging`);
  expect(project.changes()).toEqual([]);
});

test("refuses files that name different databases", async () => {
  const project = await openProject();
  project.edit("wrangler.consumer.toml", (toml) =>
    toml.replace('database_name = "webhook-gateway-staging"', 'database_name = "another"'),
  );

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("name different databases for staging");
});

test("changes the rules of the archive's bucket if the files say other days, and leaves other rules", async () => {
  const project = await openProvisioned();
  const other = { id: "mine", prefix: "mine/", days: 7 };
  project.account.change(({ buckets }) => buckets[0]?.rules.push(other));
  project.editEnvironments((toml) =>
    toml.replaceAll('VALIDATIONS_RETENTION_DAYS = "90"', 'VALIDATIONS_RETENTION_DAYS = "30"'),
  );

  const ran = await project.run(YES);

  expect(ran.stdout).toMatch(
    /results\/ in webhook-gateway-archive-staging +deleted after 104 days +deleted after 44 days/,
  );
  expect(project.changes()).toEqual([
    "r2 bucket lifecycle remove webhook-gateway-archive-staging --name results",
    "r2 bucket lifecycle add webhook-gateway-archive-staging results results/ --expire-days 44 --force",
  ]);
  expect(project.account.read().buckets[0]?.rules).toContainEqual(other);
});

test("keeps archived validations for longer than D1 does, whatever the files say", async () => {
  const project = await openProvisioned();
  project.editEnvironments((toml) =>
    toml.replaceAll('ARCHIVE_RETENTION_DAYS = "400"', 'ARCHIVE_RETENTION_DAYS = "30"'),
  );

  const ran = await project.run(YES);

  expect(ran.stdout).toMatch(
    /validations\/ in webhook-gateway-archive-staging +deleted after 400 days +deleted after 104 days/,
  );
});

test("needs no bucket if the files have none, and refuses files of which one has", async () => {
  const project = await openProject({ ...provisioned("staging", UUID), buckets: [] });
  nameDatabase(project, UUID);
  project.editEnvironments((toml) => toml.replace("[[both.r2_buckets]]", "[[consumer.r2_buckets]]"));
  const one = await project.run(YES);
  project.editEnvironments((toml) => toml.replace(/\[\[consumer\.r2_buckets\]\]\n.*\n.*\n/, ""));
  const none = await project.run(YES);

  expect([one.code, one.stderr]).toEqual([1, expect.stringContaining("name different buckets for staging")]);
  expect(none.code).toBe(0);
  expect(project.changes()).toEqual([]);
});
