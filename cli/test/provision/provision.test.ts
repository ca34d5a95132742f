import { expect, test } from "vitest";
import { MIGRATIONS, provisioned } from "../support/fake-wrangler-account.ts";
import { FILES, GIVEN_SECRETS, openProject } from "../support/fake-wrangler-project.ts";
import { DEPLOY_LINES, nameDatabase, openProvisioned, UUID } from "../support/provisioned-project.ts";

const YES = ["provision", "--env", "staging", "--yes"];
const PRODUCER = "webhook-gateway-producer-staging";
const CONSUMER = "webhook-gateway-consumer-staging";

test("shows the plan for an empty account, and changes nothing in a dry run", async () => {
  const project = await openProject();
  const before = [project.read("account.json"), ...FILES.map(project.read)];

  const ran = await project.run(["provision", "--env", "staging", "--dry-run"]);

  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["resource", "current", "planned"],
    ["queue webhook-gateway-events-staging", "missing", "created, keeps messages for 14 days"],
    ["queue webhook-gateway-dead-staging", "missing", "created, keeps messages for 14 days"],
    ["queue webhook-gateway-work-staging", "missing", "created"],
    ["D1 database webhook-gateway-staging", "missing", "created near this machine (see --location)"],
    ["database_id of webhook-gateway-staging", "placeholder", "its id"],
    ["schema of webhook-gateway-staging", `missing ${MIGRATIONS.length} migrations`, "up to date"],
    ["R2 bucket webhook-gateway-archive-staging", "missing", "created"],
    ["results/ in webhook-gateway-archive-staging", "kept forever", "deleted after 104 days"],
    ["validations/ in webhook-gateway-archive-staging", "kept forever", "deleted after 400 days"],
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

test("creates the database where it is told to", async () => {
  const project = await openProject();

  const planned = await project.run(["provision", "--env", "staging", "--location", "weur", "--dry-run"]);
  await project.run([...YES, "--location", "weur"], GIVEN_SECRETS);

  expect(planned.stdout).toContain("created in weur");
  expect(project.changes()).toContain("d1 create webhook-gateway-staging --location weur");
});

test("creates everything that is missing, in an order that gives each step what it needs", async () => {
  const project = await openProject();

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(0);
  expect(project.changes()).toEqual([
    "queues create webhook-gateway-events-staging --message-retention-period-secs 1209600",
    "queues create webhook-gateway-dead-staging --message-retention-period-secs 1209600",
    "queues create webhook-gateway-work-staging",
    "d1 create webhook-gateway-staging",
    "d1 migrations apply webhook-gateway-staging -c wrangler.producer.toml --env staging --remote",
    "r2 bucket create webhook-gateway-archive-staging",
    "r2 bucket lifecycle add webhook-gateway-archive-staging results results/ --expire-days 104 --force",
    "r2 bucket lifecycle add webhook-gateway-archive-staging validations validations/ --expire-days 400 --force",
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

test("lists what it did, and what is left to do", async () => {
  const project = await openProject();

  const { stderr } = await project.run(YES, GIVEN_SECRETS);

  const uuid = project.account.read().databases[0]?.uuid;
  expect(stderr.trimEnd().split("\n")).toEqual([
    "created queue webhook-gateway-events-staging, keeps messages for 14 days",
    "created queue webhook-gateway-dead-staging, keeps messages for 14 days",
    "created queue webhook-gateway-work-staging",
    "created D1 database webhook-gateway-staging",
    `wrote database_id ${uuid} to environments.toml, wrangler.producer.toml, wrangler.consumer.toml: commit this`,
    `applied ${MIGRATIONS.length} migrations to webhook-gateway-staging: ${MIGRATIONS.join(", ")}`,
    "created R2 bucket webhook-gateway-archive-staging",
    "set the lifecycle rules of webhook-gateway-archive-staging",
    `set GITHUB_WEBHOOK_SECRET, GRAINCHAIN_CALLBACK_SECRET, OPERATOR_TOKEN, READER_TOKEN of ${PRODUCER}`,
    `set GRAINCHAIN_CALLBACK_SECRET of ${CONSUMER}`,
    expect.stringMatching(/^GitHub needs the value of GITHUB_WEBHOOK_SECRET: Settings → Webhooks/),
    "before you deploy, replace CLOUDFLARE_WORKER_URL and GRAINCHAIN_API_URL in environments.toml, and run npm run environments",
    "deploy both Workers, which attaches the consumer to its queues:",
    "  npm run wrangler -- deploy -c wrangler.consumer.toml --env staging",
    "  npm run wrangler -- deploy -c wrangler.producer.toml --env staging",
  ]);
});

test("writes the id of the database to all files, and keeps every other byte", async () => {
  const project = await openProject();
  // As an editor on Windows leaves them.
  for (const file of ["environments.toml", "wrangler.consumer.toml"])
    project.edit(file, (toml) => toml.replaceAll("\n", "\r\n"));
  const before = ["environments.toml", ...FILES].map(project.read);

  await project.run(YES, GIVEN_SECRETS);

  const uuid = project.account.read().databases[0]?.uuid ?? "";
  expect(["environments.toml", ...FILES].map(project.read)).toEqual(
    before.map((toml) => toml.replace("00000000-0000-4000-8000-000000000002", uuid)),
  );
});

test("has nothing to do the second time, and shows what a deployment will do", async () => {
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
  expect(ran.stderr).toBe(
    `nothing to do: everything in the configuration files already exists in staging\n${DEPLOY_LINES}`,
  );
  expect(project.changes()).toEqual([]);
  expect([project.read("account.json"), ...FILES.map(project.read)]).toEqual(before);
});

test("does not mention deployment if the consumer is already attached", async () => {
  const project = await openProvisioned();

  const ran = await project.run(YES);

  expect(ran).toEqual({
    code: 0,
    stdout: "",
    stderr: "nothing to do: everything in the configuration files already exists in staging\n",
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

test("provisions each environment separately", async () => {
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

test("creates a further cell", async () => {
  const project = await openProject();
  const before = FILES.map(project.read);

  const planned = await project.run(["provision", "--env", "acme-2", "--dry-run"]);
  expect(planned).toMatchObject({ code: 0, stderr: "" });
  expect(planned.stdout).toMatch(/acme-2 in environments\.toml +missing +added as a cell\n/);
  expect(FILES.map(project.read)).toEqual(before);

  const ran = await project.run(["provision", "--env", "acme-2", "--yes"], GIVEN_SECRETS);
  expect(ran.code).toBe(0);
  expect(ran.stderr).toMatch(/^wrote environments\.toml, wrangler\.producer\.toml, wrangler\.consumer\.toml/);
  expect(project.account.read().databases).toMatchObject([{ name: "webhook-gateway-acme-2" }]);

  const again = await project.run(["provision", "--env", "acme-2", "--yes"]);
  expect(again.stderr).toContain("nothing to do");
});

test("a dry run without an account shows the plan for an empty one, and says so", async () => {
  const project = await openProject();
  const ran = await project.run(["provision", "--env", "staging", "--dry-run"], {
    CLOUDFLARE_API_TOKEN: "",
    CLOUDFLARE_ACCOUNT_ID: "",
  });
  expect(ran).toMatchObject({
    code: 0,
    stderr:
      "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are not set, so no account was asked; " +
      "this plan assumes an empty account\n",
    stdout: expect.stringContaining("D1 database webhook-gateway-staging"),
  });
  expect(project.calls()).toEqual([]);
});
