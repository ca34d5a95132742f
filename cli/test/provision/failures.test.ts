import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Broken } from "../support/fake-wrangler-account.ts";
import { FILES, GIVEN_SECRETS, openProject } from "../support/fake-wrangler-project.ts";

const YES = ["provision", "--env", "staging", "--yes"];
const WITH_FILE = [...YES, "--secrets-file", "staging-secrets"];

/** Every command that changes something, in its order. */
const CHANGES = [
  "queues create webhook-gateway-events-staging",
  "queues create webhook-gateway-dead-staging",
  "queues create webhook-gateway-work-staging",
  "d1 create",
  "d1 migrations apply",
  "r2 bucket create",
  "r2 bucket lifecycle add webhook-gateway-archive-staging results",
  "secret bulk -c wrangler.producer.toml",
  "secret bulk -c wrangler.consumer.toml",
];

test.each(
  CHANGES.flatMap((on) => [
    ["is not done", { on, problem: "Internal error [code: 10001]", times: 1 }] as [string, Broken],
    ["is done, but its answer is lost", { on, times: 1, after: true }] as [string, Broken],
  ]),
)("continues after a failure: what %s is $on", async (_, broken) => {
  const project = await openProject({ broken: [broken] });

  const failed = await project.run(WITH_FILE);
  const resumed = await project.run(WITH_FILE);

  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain(`error: wrangler ${broken.on.split(" ").slice(0, 2).join(" ")}`);
  expect(failed.stderr).toContain("Finished steps stay: run the same command again to continue");
  expect(resumed.code).toBe(0);
  const { queues, databases, workers } = project.account.read();
  expect(queues).toHaveLength(3);
  expect(databases).toHaveLength(1);
  const producer = workers["webhook-gateway-producer-staging"]?.secrets ?? {};
  const consumer = workers["webhook-gateway-consumer-staging"]?.secrets ?? {};
  expect(Object.keys(producer)).toHaveLength(4);
  expect(consumer).toEqual({ GRAINCHAIN_CALLBACK_SECRET: producer.GRAINCHAIN_CALLBACK_SECRET });
  for (const file of FILES) expect(project.read(file)).toContain(databases[0]?.uuid);
  // Only what failed is asked for twice.
  const twice = project.changes().filter((line, index, all) => all.indexOf(line) !== index);
  expect(twice.length).toBeLessThanOrEqual(1);
  const printed = project.printed();
  expect(project.secrets().filter((secret) => printed.includes(secret))).toEqual([]);
});

test("continues after a failure with secrets of the environment, without a file", async () => {
  const project = await openProject({
    broken: [{ on: CHANGES.at(-1) ?? "", problem: "Internal error", times: 1 }],
  });

  expect(await project.run(YES, GIVEN_SECRETS)).toMatchObject({ code: 1 });
  expect(await project.run(YES, GIVEN_SECRETS)).toMatchObject({ code: 0 });

  expect(existsSync(path.join(project.dir, "staging-secrets"))).toBe(false);
});

test("prints as JSON what was done before a failure", async () => {
  const project = await openProject({ broken: [{ on: "d1 create", problem: "Internal error", times: 1 }] });

  const ran = await project.run([...YES, "--output", "json"], GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    done: [
      "created queue webhook-gateway-events-staging, keeps messages for 14 days",
      "created queue webhook-gateway-dead-staging, keeps messages for 14 days",
      "created queue webhook-gateway-work-staging",
    ],
  });
});

const REFUSED = "Authentication error [code: 10000]";

test.each<[string, Omit<Broken, "times">]>([
  ["Queues: Edit", { on: "queues create", problem: REFUSED }],
  ["D1: Edit", { on: "d1 list", problem: REFUSED }],
  ["D1: Edit", { on: "d1 create", problem: REFUSED }],
  ["Workers R2 Storage: Edit", { on: "r2 bucket create", problem: REFUSED }],
  ["Workers Scripts: Edit", { on: "secret list", problem: REFUSED }],
  ["Workers Scripts: Edit", { on: "secret bulk", problem: REFUSED }],
])("names the right that the token is missing: %s for $on", async (right, broken) => {
  const project = await openProject({ broken: [{ ...broken, times: 9 }] });

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain(`CLOUDFLARE_API_TOKEN needs the right "${right}"`);
});

test("names the missing right if Cloudflare does not list queues", async () => {
  const project = await openProject();

  const ran = await project.run(YES, { ...GIVEN_SECRETS, CLOUDFLARE_API_TOKEN: "wrong" });

  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(
    /^error: .*Authentication error \[code: 10000\]\. CLOUDFLARE_API_TOKEN needs the right/,
  );
  expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
});

test.each([
  [{ CLOUDFLARE_API_TOKEN: "" }, "CLOUDFLARE_API_TOKEN is not set"],
  [{ CLOUDFLARE_ACCOUNT_ID: "" }, "CLOUDFLARE_ACCOUNT_ID is not set"],
  [
    { CLOUDFLARE_API_TOKEN: "", CLOUDFLARE_ACCOUNT_ID: "" },
    "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are not set",
  ],
])("requires an account: %o", async (env, message) => {
  const project = await openProject();

  const ran = await project.run(YES, env);

  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toContain(`error: ${message}: add them to .env`);
  expect(ran.stderr).toContain(
    "The token needs Queues: Edit, D1: Edit, Workers R2 Storage: Edit, Workers Scripts: Edit",
  );
  expect(project.calls()).toEqual([]);
});

test.each([
  [{ CLOUDFLARE_API_TOKEN: "MARKER\n" }, "CLOUDFLARE_API_TOKEN has whitespace around it"],
  [{ CLOUDFLARE_ACCOUNT_ID: " MARKER" }, "CLOUDFLARE_ACCOUNT_ID has whitespace around it"],
  [
    { CLOUDFLARE_API_TOKEN: "MARKER ", CLOUDFLARE_ACCOUNT_ID: "MARKER\r" },
    "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID have whitespace around them",
  ],
])("makes no request for an account with whitespace around it: %j", async (env, message) => {
  const project = await openProject();

  expect(await project.run(YES, env)).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\n` });
  expect(project.calls()).toEqual([]);
});

test("prints Wrangler's error in one line", async () => {
  const project = await openProject({
    broken: [{ on: "d1 create", problem: "You have reached the maximum number of D1 databases.", times: 1 }],
  });

  const { stderr } = await project.run(YES, GIVEN_SECRETS);

  expect(stderr.trimEnd().split("\n").at(-1)).toBe(
    "error: wrangler d1 create webhook-gateway-staging: A request to the Cloudflare API failed. " +
      "You have reached the maximum number of D1 databases. Finished steps stay: run the same command again to continue",
  );
});

test("reads an error in JSON", async () => {
  const database = {
    uuid: "7b0c1f8e-2f51-4a53-9f0f-0f7e4b6c9a11",
    name: "webhook-gateway-staging",
    applied: null,
  };
  const project = await openProject({
    databases: [database],
    broken: [{ on: "d1 execute", problem: "D1 is overloaded [code: 7429]", times: 9, json: true }],
  });

  const { code, stderr } = await project.run(YES, GIVEN_SECRETS);

  expect(code).toBe(1);
  expect(stderr).toBe(
    "error: wrangler d1 execute webhook-gateway-staging: A request to the Cloudflare API failed. " +
      "D1 is overloaded [code: 7429]\n",
  );
});

test.each([
  [["provision"], "required option '--env <name>' not specified"],
  [["provision", "--env", "Prod"], "It must be development, staging, production or a cell"],
  [["doctor"], "required option '--env <name>' not specified"],
  [["doctor", "--env", "staging", "--url", "nonsense"], "--url is not a URL"],
])("reports bad usage: %j", async (args, message) => {
  const project = await openProject();

  const ran = await project.run(args);

  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toContain(message);
});

test.each(["provision", "doctor"])("shows examples in the help of %s", async (command) => {
  const project = await openProject();

  const ran = await project.run([command, "--help"]);

  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain(`  gateway ${command} --env production`);
});

test("names the configuration file that cannot be read", async () => {
  const project = await openProject();
  project.edit("wrangler.consumer.toml", (toml) => `${toml}\n[[[`);

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("error: wrangler.consumer.toml cannot be read: ");
});

test.each([
  ["a folder without any", "shared/no-migrations", "there are no migrations in "],
  ["no folder", "shared/nowhere", "cannot read the migrations: "],
])("does not take a database for complete if there is %s of migrations", async (_, dir, problem) => {
  const project = await openProject();
  mkdirSync(path.join(project.dir, "shared/no-migrations"));
  project.editEnvironments((toml) => toml.replaceAll('"shared/migrations"', `"${dir}"`));

  const ran = await project.run(YES, GIVEN_SECRETS);

  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain(`error: ${problem}${path.join(project.dir, dir)}`);
  expect(project.changes()).toEqual([]);
});
