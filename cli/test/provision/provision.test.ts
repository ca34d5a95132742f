import { expect, test } from "vitest";
import { MIGRATIONS, provisioned } from "../support/fake-wrangler-account.ts";
import { FILES, GIVEN_SECRETS, openProject, type Project } from "../support/fake-wrangler-project.ts";

const UUID = "7b0c1f8e-2f51-4a53-9f0f-0f7e4b6c9a11";
const YES = ["provision", "--env", "staging", "--yes"];
const PRODUCER = "webhook-gateway-producer-staging";
const CONSUMER = "webhook-gateway-consumer-staging";

/** Puts the id into both files, as somebody did before. */
function nameDatabase(project: Project, id: string): void {
  for (const file of FILES) {
    project.edit(file, (toml) => toml.replace("00000000-0000-4000-8000-000000000002", id));
  }
}

/** A project with all that staging needs. */
async function openProvisioned() {
  const project = await openProject(provisioned("staging", UUID));
  nameDatabase(project, UUID);
  return project;
}

test("shows the plan of an empty account, and changes nothing on a dry run", async () => {
  const project = await openProject();
  const before = [project.read("account.json"), ...FILES.map(project.read)];

  const ran = await project.run(["provision", "--env", "staging", "--dry-run"]);

  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["resource", "is", "will be"],
    ["queue webhook-gateway-events-staging", "missing", "created, keeps messages for 14 days"],
    ["queue webhook-gateway-dead-staging", "missing", "created, keeps messages for 14 days"],
    ["queue webhook-gateway-work-staging", "missing", "created"],
    ["D1 database webhook-gateway-staging", "missing", "created"],
    ["database_id in wrangler.producer.toml", "placeholder", "its id"],
    ["database_id in wrangler.consumer.toml", "placeholder", "its id"],
    ["schema of webhook-gateway-staging", `missing ${MIGRATIONS.length} migrations`, "up to date"],
    ["Worker webhook-gateway-producer-staging", "missing", "an empty Worker that holds secrets"],
    ["producer: GITHUB_WEBHOOK_SECRET", "missing", "random, kept in --secrets-file"],
    ["producer: GRAINCHAIN_CALLBACK_SECRET", "missing", "random, kept in --secrets-file"],
    ["producer: OPERATOR_TOKEN", "missing", "random, kept in --secrets-file"],
    ["producer: READER_TOKEN", "missing", "random, kept in --secrets-file"],
    ["Worker webhook-gateway-consumer-staging", "missing", "an empty Worker that holds secrets"],
    ["consumer: GRAINCHAIN_CALLBACK_SECRET", "missing", "random, kept in --secrets-file"],
    ["consumer of webhook-gateway-events-staging", "not attached", `${CONSUMER}, attached by deploy`],
    ["consumer of webhook-gateway-dead-staging", "not attached", `${CONSUMER}, attached by deploy`],
    ["consumer of webhook-gateway-work-staging", "not attached", `${CONSUMER}, attached by deploy`],
    [""],
  ]);
  expect(project.changes()).toEqual([]);
  expect([project.read("account.json"), ...FILES.map(project.read)]).toEqual(before);
});

test("makes all that is missing, in an order in which each step finds what it needs", async () => {
  const project = await openProject();

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(0);
  expect(project.changes()).toEqual([
    "queues create webhook-gateway-events-staging --message-retention-period-secs 1209600",
    "queues create webhook-gateway-dead-staging --message-retention-period-secs 1209600",
    "queues create webhook-gateway-work-staging",
    "d1 create webhook-gateway-staging",
    "d1 migrations apply webhook-gateway-staging -c wrangler.producer.toml --env staging --remote",
    "secret bulk -c wrangler.producer.toml --env staging",
    "secret bulk -c wrangler.consumer.toml --env staging",
  ]);
  const { queues, databases, workers } = project.account.read();
  expect(queues).toMatchObject([{ retention: 1_209_600 }, { retention: 1_209_600 }, { retention: 345_600 }]);
  expect(databases).toMatchObject([{ applied: MIGRATIONS }]);
  expect(workers).toEqual({
    [PRODUCER]: { secrets: GIVEN_SECRETS },
    [CONSUMER]: {
      secrets: { GRAINCHAIN_CALLBACK_SECRET: GIVEN_SECRETS.GRAINCHAIN_CALLBACK_SECRET },
    },
  });
});

test("names each thing that it did, and what is left to do", async () => {
  const project = await openProject();

  const { stderr } = await project.run(YES, GIVEN_SECRETS);

  const uuid = project.account.read().databases[0]?.uuid;
  expect(stderr.trimEnd().split("\n")).toEqual([
    "created queue webhook-gateway-events-staging, keeps messages for 14 days",
    "created queue webhook-gateway-dead-staging, keeps messages for 14 days",
    "created queue webhook-gateway-work-staging",
    "created D1 database webhook-gateway-staging",
    `wrote database_id ${uuid} to wrangler.producer.toml and wrangler.consumer.toml: commit it`,
    `applied ${MIGRATIONS.length} migrations to webhook-gateway-staging: ${MIGRATIONS.join(", ")}`,
    `set GITHUB_WEBHOOK_SECRET, GRAINCHAIN_CALLBACK_SECRET, OPERATOR_TOKEN, READER_TOKEN of ${PRODUCER}`,
    `set GRAINCHAIN_CALLBACK_SECRET of ${CONSUMER}`,
    expect.stringMatching(/^GitHub needs the value of GITHUB_WEBHOOK_SECRET: Settings → Webhooks/),
    "before you deploy, replace the examples in wrangler.consumer.toml: CLOUDFLARE_WORKER_URL, GRAINCHAIN_API_URL",
    "deploy both Workers, which attaches the consumer to its queues:",
    "  npm run wrangler -- deploy -c wrangler.consumer.toml --env staging",
    "  npm run wrangler -- deploy -c wrangler.producer.toml --env staging",
  ]);
});

test("writes the database's id into both files, and leaves every other byte of them", async () => {
  const project = await openProject();
  // As an editor on Windows leaves it.
  project.edit("wrangler.consumer.toml", (toml) => toml.replaceAll("\n", "\r\n"));
  const before = FILES.map(project.read);

  await project.run(YES, GIVEN_SECRETS);

  const uuid = project.account.read().databases[0]?.uuid ?? "";
  expect(FILES.map(project.read)).toEqual(
    before.map((toml) => toml.replace("00000000-0000-4000-8000-000000000002", uuid)),
  );
});

test("has nothing to do the second time, says so, and shows what a deployment will do", async () => {
  const project = await openProject();
  await project.run(YES, GIVEN_SECRETS);
  const before = [project.read("account.json"), ...FILES.map(project.read)];
  project.forgetCalls();

  const ran = await project.run(YES);

  expect(ran.code).toBe(0);
  expect(ran.stdout.trimEnd().split("\n").slice(1)).toEqual(
    ["events", "dead", "work"].map((name) =>
      expect.stringMatching(new RegExp(`^consumer of webhook-gateway-${name}-staging +not attached +`)),
    ),
  );
  expect(ran.stderr).toBe(`nothing to do: staging has everything that the files name\n${deployLines()}`);
  expect(project.changes()).toEqual([]);
  expect([project.read("account.json"), ...FILES.map(project.read)]).toEqual(before);
});

test("says nothing of deploying where the consumer is attached already", async () => {
  const project = await openProvisioned();

  const ran = await project.run(YES);

  expect(ran).toEqual({
    code: 0,
    stdout: "",
    stderr: "nothing to do: staging has everything that the files name\n",
  });
});

test("prints the plan and what was done as JSON", async () => {
  const project = await openProject({ ...provisioned("staging", UUID), queues: [] });
  nameDatabase(project, UUID);

  const dry = await project.run(["provision", "--env", "staging", "--dry-run", "--output", "json"]);
  const done = await project.run([...YES, "--output", "json"]);

  const plan = expect.arrayContaining([
    { resource: "queue webhook-gateway-work-staging", is: "missing", will: "created" },
  ]);
  expect(JSON.parse(dry.stdout)).toEqual({
    environment: "staging",
    dry_run: true,
    plan,
    done: [],
    notes: [],
  });
  expect(JSON.parse(done.stdout)).toMatchObject({
    environment: "staging",
    dry_run: false,
    plan,
    done: expect.arrayContaining(["created queue webhook-gateway-work-staging"]),
  });
});

test("does nothing unless it is confirmed", async () => {
  const project = await openProject();

  const ran = await project.spawn(["provision", "--env", "staging"], GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toBe(
    "error: nothing was done: there is no terminal to ask on; confirm the plan with --yes\n",
  );
  expect(project.changes()).toEqual([]);
});

test("provisions each environment by itself", async () => {
  const project = await openProject(provisioned("staging", UUID));
  nameDatabase(project, UUID);

  const ran = await project.run(["provision", "--env", "production", "--yes"], GIVEN_SECRETS);

  expect(ran.code).toBe(0);
  expect(project.changes().every((line) => line.includes("production"))).toBe(true);
  const { databases, workers } = project.account.read();
  expect(databases.map(({ name }) => name)).toEqual([
    "webhook-gateway-staging",
    "webhook-gateway-production",
  ]);
  expect(Object.keys(workers)).toHaveLength(4);
  expect(project.read("wrangler.producer.toml")).toContain(UUID);
});

test("keeps messages for longer where a queue keeps them too briefly, and no others", async () => {
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

test("names a queue whose retention nobody tells", async () => {
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

test("says that 14 days need a paid plan where Cloudflare refuses them", async () => {
  const project = await openProject({ maxRetention: 86_400 });

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("14 days need the Paid plan");
});

test("finds a database by its name, and applies what it lacks", async () => {
  const [first = "", ...others] = MIGRATIONS;
  const database = { uuid: UUID, name: "webhook-gateway-staging", applied: [first] };
  const project = await openProject({ ...provisioned("staging", UUID), databases: [database] });

  const ran = await project.run(YES);

  expect(ran.stdout).toContain(`missing ${others.length} migrations`);
  expect(project.changes()).toEqual([
    "d1 migrations apply webhook-gateway-staging -c wrangler.producer.toml --env staging --remote",
  ]);
  expect(project.read("wrangler.consumer.toml")).toContain(`database_id = "${UUID}" # replace it with`);
});

test("goes on where only one file has the id", async () => {
  const project = await openProject(provisioned("staging", UUID));
  project.edit("wrangler.producer.toml", (toml) => toml.replace(/0{8}-[\d-]*2"/, `${UUID}"`));

  const ran = await project.run(YES);

  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stderr).toBe(`wrote database_id ${UUID} to wrangler.consumer.toml: commit it\n${deployLines()}`);
});

const deployLines = () =>
  [
    "before you deploy, replace the examples in wrangler.consumer.toml: CLOUDFLARE_WORKER_URL, GRAINCHAIN_API_URL",
    "deploy both Workers, which attaches the consumer to its queues:",
    "  npm run wrangler -- deploy -c wrangler.consumer.toml --env staging",
    "  npm run wrangler -- deploy -c wrangler.producer.toml --env staging",
    "",
  ].join("\n");

test.each([
  ["no database of this account", "11111111-1111-4111-8111-111111111111"],
  ["the database somebody-elses", "22222222-2222-4222-8222-222222222222"],
])("never replaces an id that somebody put there: %s", async (problem, id) => {
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
