import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { makeOtherRepository } from "../../../shared/test/support/surroundings.ts";
import { WORKERS } from "../../src/project/project.ts";
import { OPTIONAL_SECRETS } from "../../src/project/secret-names.ts";
import { readWorkerFile } from "../../src/project/worker-file.ts";
import { provisioned } from "../support/fake-wrangler-account.ts";
import { GIVEN_SECRETS, openProject, type Project } from "../support/fake-wrangler-project.ts";
import { nameDatabase, UUID } from "../support/provisioned-project.ts";

const YES = ["provision", "--env", "staging", "--yes"];
const PRODUCER = "webhook-gateway-producer-staging";
const CONSUMER = "webhook-gateway-consumer-staging";
const PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n";
/** As long as a deployed secret has to be. */
const strong = (text: string): string => text.padEnd(32, "-");
const OPTIONAL = {
  GITHUB_WEBHOOK_SECRET_PREVIOUS: strong("the one before"),
  GITHUB_WEBHOOK_SECRETS: JSON.stringify({ other: strong("hook") }),
  GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: strong("the callbacks' one before"),
  OPERATOR_TOKENS: JSON.stringify({ alice: strong("token of alice") }),
  READER_TOKENS: JSON.stringify({ bob: strong("token of bob") }),
  GRAINCHAIN_API_KEY: strong("grainchain key"),
  GITHUB_TOKEN: "ghp_given",
  GITHUB_APP_ID: "4711",
  GITHUB_APP_PRIVATE_KEY: PEM,
  ALERT_WEBHOOK_URL: "https://alerts.example.com/secret-path",
  ALERT_WEBHOOK_SECRET: strong("alert secret"),
};

/** A project with all that staging needs, and no secret that is optional. */
async function openWithoutOptional() {
  const project = await openProject(provisioned("staging", UUID));
  nameDatabase(project, UUID);
  project.account.change(({ workers }) => delete workers[CONSUMER]?.secrets.GITHUB_TOKEN);
  return project;
}

const secretsOf = (project: Project, worker: string) => project.account.read().workers[worker]?.secrets ?? {};

test("sets each given optional secret in the Worker that reads it, and prints none", async () => {
  const project = await openWithoutOptional();

  const ran = await project.run(YES, OPTIONAL);

  expect(ran.code).toBe(0);
  const { producer, consumer } = OPTIONAL_SECRETS;
  expect(secretsOf(project, PRODUCER)).toMatchObject(given(producer));
  expect(secretsOf(project, CONSUMER)).toMatchObject(given(consumer));
  expect(Object.keys(secretsOf(project, PRODUCER)).toSorted()).toEqual(
    [...Object.keys(GIVEN_SECRETS), ...producer].toSorted(),
  );
  expect(ran.stdout).toMatch(/consumer: GITHUB_TOKEN +not set +set, from the environment\n/);
  const printed = project.printed() + JSON.stringify(project.calls().map(({ args }) => args));
  const hidden = Object.entries(OPTIONAL).flatMap(([name, value]) =>
    name === "GITHUB_APP_ID" ? [] : [value],
  );
  expect([...hidden, "MIIEow"].filter((secret) => printed.includes(secret))).toEqual([]);
  expect((await project.run(YES, OPTIONAL)).stderr).toBe(
    "nothing to do: everything in the configuration files already exists in staging\n",
  );
});

const given = (names: readonly string[]) =>
  Object.fromEntries(Object.entries(OPTIONAL).filter(([name]) => names.includes(name)));

test("requires no optional secret, and replaces none", async () => {
  const project = await openWithoutOptional();
  project.account.change(({ workers }) =>
    Object.assign(workers[CONSUMER]?.secrets ?? {}, { GITHUB_TOKEN: "deployed token" }),
  );

  const ran = await project.run(YES, { GITHUB_TOKEN: "ghp_other" });

  expect(ran).toMatchObject({ code: 0, stdout: "" });
  expect(project.changes()).toEqual([]);
});

test("also reads them from the secrets file", async () => {
  const project = await openWithoutOptional();
  const lines = `# gateway provision --env staging\nGRAINCHAIN_API_KEY=${strong("kept")}\nGITHUB_APP_ID=4711\nGITHUB_APP_PRIVATE_KEY="${PEM}"\n`;
  writeFileSync(path.join(project.dir, "staging-secrets"), lines, { mode: 0o600 });

  const ran = await project.run([...YES, "--secrets-file", "staging-secrets"]);

  expect(ran.stdout).toMatch(/consumer: GRAINCHAIN_API_KEY +not set +set, from staging-secrets\n/);
  expect(secretsOf(project, CONSUMER)).toMatchObject({
    GRAINCHAIN_API_KEY: strong("kept"),
    GITHUB_APP_ID: "4711",
    GITHUB_APP_PRIVATE_KEY: PEM,
  });
});

test.each([
  ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"],
  ["GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_ID"],
] as const)("does not set %s alone", async (half, other) => {
  const project = await openWithoutOptional();

  const ran = await project.run(YES, { [half]: OPTIONAL[half] });

  expect(ran.stderr).toContain(
    `note: ${half} is given without ${other} and is not set: they belong together\n`,
  );
  expect(project.changes()).toEqual([]);

  await project.run(YES, { [half]: OPTIONAL[half], [other]: OPTIONAL[other] });

  expect(Object.keys(secretsOf(project, CONSUMER))).toEqual(expect.arrayContaining([half, other]));
});

test("sets the half that a Worker is missing, and nothing that the file has as a variable", async () => {
  const project = await openWithoutOptional();
  project.editEnvironments((toml) =>
    toml.replace("[env.staging.consumer.vars]", '[env.staging.consumer.vars]\nGITHUB_APP_ID = "4711"'),
  );

  await project.run(YES, OPTIONAL);

  const { GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY } = secretsOf(project, CONSUMER);
  expect([GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY]).toEqual([undefined, PEM]);
});

test("knows the optional secrets that the files list for .dev.vars", async () => {
  for (const worker of WORKERS) {
    const [local, deployed] = await Promise.all([
      readWorkerFile(ROOT, worker, "development"),
      readWorkerFile(ROOT, worker, "staging"),
    ]);
    const named = Object.keys(local.vars).filter((name) => !(name in deployed.vars));
    expect(named.toSorted()).toEqual(OPTIONAL_SECRETS[worker].toSorted());
  }
});

test("asks the checkout that would contain the file of secrets, whichever one GIT_DIR names", async () => {
  const project = await openProject();
  const env = gitEnvironment(process.env);
  execFileSync("git", ["init", "--quiet", project.dir], { env });
  const other = makeOtherRepository();
  mkdirSync(path.join(other.dir, ".git/info"), { recursive: true });
  writeFileSync(path.join(other.dir, ".git/info/exclude"), "*\n");

  const refused = await project.run([...YES, "--secrets-file", "kept"], {
    GIT_DIR: path.join(other.dir, ".git"),
  });

  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("kept would be in a git checkout"),
  });
});

test.each([".env", ".env.production", ".dev.vars", ".dev.vars.staging", "production-secrets", "gateway.pem"])(
  "git ignores %s in this project, and it is not committed",
  (name) => {
    const options = { cwd: ROOT, env: gitEnvironment(process.env), encoding: "utf8" } as const;
    const ignored = execFileSync("git", ["check-ignore", "--no-index", name], options);
    const committed = execFileSync("git", ["ls-files", name], options);
    expect([ignored, committed]).toEqual([`${name}\n`, ""]);
  },
);
