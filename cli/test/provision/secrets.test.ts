import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { RANDOM_SECRETS } from "../../src/project/secret-names.ts";
import { provisioned } from "../support/fake-wrangler-account.ts";
import { GIVEN_SECRETS, openProject, type Project } from "../support/fake-wrangler-project.ts";
import { nameDatabase, UUID } from "../support/provisioned-project.ts";

const YES = ["provision", "--env", "staging", "--yes"];
const WITH_FILE = [...YES, "--secrets-file", "staging-secrets"];
const PRODUCER = "webhook-gateway-producer-staging";
const CONSUMER = "webhook-gateway-consumer-staging";

/** A project with all that staging needs, but for these secrets. */
async function openWithout(missing: Readonly<Record<string, readonly string[]>>) {
  const project = await openProject(provisioned("staging", UUID));
  nameDatabase(project, UUID);
  project.account.change(({ workers }) => {
    for (const [worker, names] of Object.entries(missing)) {
      for (const name of names) delete workers[worker]?.secrets[name];
    }
  });
  return project;
}

/** Nothing secret in what was printed, nor on a command line. */
function expectSilence(project: Project): void {
  const secrets = [...project.secrets(), ...Object.values(GIVEN_SECRETS), "the-cloudflare-token"];
  const printed = project.printed() + JSON.stringify(project.calls().map(({ args }) => args));
  expect(secrets.filter((secret) => printed.includes(secret))).toEqual([]);
}

test("generates secrets, and keeps them in a file that only its owner can read", async () => {
  const project = await openProject();

  const ran = await project.spawn(WITH_FILE);

  expect(ran.code).toBe(0);
  const { workers } = project.account.read();
  const secrets = workers[PRODUCER]?.secrets ?? {};
  expect(Object.keys(secrets)).toEqual(Object.keys(GIVEN_SECRETS));
  for (const secret of Object.values(secrets)) expect(secret).toMatch(/^[\w-]{43}$/);
  expect(new Set(Object.values(secrets)).size).toBe(4);
  expect(workers[CONSUMER]?.secrets).toEqual({
    GRAINCHAIN_CALLBACK_SECRET: secrets.GRAINCHAIN_CALLBACK_SECRET,
  });
  expect(parseEnv(project.read("staging-secrets"))).toEqual(secrets);
  expect(statSync(path.join(project.dir, "staging-secrets")).mode & 0o777).toBe(0o600);
  expect(ran.stderr).toContain("GitHub needs the value of GITHUB_WEBHOOK_SECRET (it is in staging-secrets)");
  expectSilence(project);
});

test("sets secrets from the environment unchanged, and from .env", async () => {
  const project = await openProject();
  const { OPERATOR_TOKEN = "", ...others } = GIVEN_SECRETS;
  writeFileSync(path.join(project.dir, ".env"), `OPERATOR_TOKEN="${OPERATOR_TOKEN}"\n`);

  const ran = await project.spawn(YES, others);

  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/producer: OPERATOR_TOKEN +missing +set, from the environment/);
  expect(project.account.read().workers[PRODUCER]?.secrets).toEqual(GIVEN_SECRETS);
  expectSilence(project);
});

test.each<readonly [name: string, value: string, problem: string]>([
  ...RANDOM_SECRETS.map((name) => [name, "MARKER\n", "has whitespace around it"] as const),
  ["GITHUB_WEBHOOK_SECRET_PREVIOUS", " MARKER", "has whitespace around it"],
  ["GITHUB_WEBHOOK_SECRETS", '{"acme":"MARKER\\n"}', "an entry has whitespace around it"],
  ["GITHUB_WEBHOOK_SECRETS", '{"acme":', "bad type"],
  ["GITHUB_WEBHOOK_SECRETS", '{"acme":{"secret":"MARKER"}}', "bad type"],
  ["GRAINCHAIN_CALLBACK_SECRET_PREVIOUS", "MARKER\r", "has whitespace around it"],
  ["GRAINCHAIN_API_KEY", "MARKER\n", "has whitespace around it"],
  ["GITHUB_TOKEN", "MARKER\n", "has whitespace around it"],
  ["GITHUB_APP_ID", "4711\n", "has whitespace around it"],
  ["ALERT_WEBHOOK_URL", "https://MARKER.example.com\n", "has whitespace around it"],
  ["ALERT_WEBHOOK_SECRET", "MARKER\n", "has whitespace around it"],
])("sets no %s that the Worker would refuse: %j", async (name, value, problem) => {
  const project = await openProject();

  const ran = await project.run(YES, { ...GIVEN_SECRETS, [name]: value });

  expect(ran).toMatchObject({
    code: 2,
    stdout: "",
    stderr: `error: bad configuration: ${name} (${problem})\n`,
  });
  expect(project.calls()).toEqual([]);
});

test.each([
  [".env", 'OPERATOR_TOKEN="MARKER\\n"\n'],
  ["staging-secrets", '# gateway provision --env staging\nOPERATOR_TOKEN="MARKER\n"\n'],
])("sets no secret from %s that ends with a newline", async (file, text) => {
  const project = await openProject();
  writeFileSync(path.join(project.dir, file), text, { mode: 0o600 });

  const ran = await project.run(WITH_FILE);

  expect(ran).toMatchObject({
    code: 2,
    stderr: "error: bad configuration: OPERATOR_TOKEN (has whitespace around it)\n",
  });
  expect(project.calls()).toEqual([]);
});

test("never replaces an existing secret", async () => {
  const project = await openWithout({ [PRODUCER]: ["READER_TOKEN"] });

  await project.run(YES, GIVEN_SECRETS);

  const { workers } = project.account.read();
  expect(workers[PRODUCER]?.secrets).toEqual({
    GITHUB_WEBHOOK_SECRET: "deployed webhook secret",
    GRAINCHAIN_CALLBACK_SECRET: "deployed callback secret of the two Workers",
    OPERATOR_TOKEN: "deployed operator token",
    READER_TOKEN: GIVEN_SECRETS.READER_TOKEN,
  });
  const put = project.calls().flatMap(({ input }) => (input === "" ? [] : [JSON.parse(input)]));
  expect(put).toEqual([{ READER_TOKEN: GIVEN_SECRETS.READER_TOKEN }]);
  expectSilence(project);
});

test("generates no secret that nothing would keep", async () => {
  const project = await openProject();

  const ran = await project.run(YES);

  expect(ran.code).toBe(2);
  expect(ran.stderr).toMatch(
    /^error: GITHUB_WEBHOOK_SECRET, .*READER_TOKEN will be generated.* --secrets-file, or set environment variables/,
  );
  expect(project.changes()).toEqual([]);
});

test.each([
  [
    "a file of somebody's",
    (file: string) => writeFileSync(file, "OPERATOR_TOKEN=mine\n"),
    "is not overwritten",
  ],
  ["an empty file", (file: string) => writeFileSync(file, ""), "is not overwritten"],
  ["a link", (file: string) => symlinkSync("/nowhere/at-all", file), "is not overwritten"],
  [
    "the file of another environment",
    (file: string) =>
      writeFileSync(file, "# gateway provision --env production\nREADER_TOKEN=a\n", { mode: 0o600 }),
    "is not overwritten",
  ],
  [
    "a file of an earlier run without these secrets",
    (file: string) =>
      writeFileSync(
        file,
        "# gateway provision --env staging\nREADER_TOKEN=a-token-of-thirty-two-characters\n",
        { mode: 0o600 },
      ),
    "already exists without GITHUB_WEBHOOK_SECRET, GRAINCHAIN_CALLBACK_SECRET, OPERATOR_TOKEN",
  ],
  [
    "a file that others can read",
    (file: string) => {
      writeFileSync(
        file,
        "# gateway provision --env staging\nREADER_TOKEN=a-token-of-thirty-two-characters\n",
      );
      chmodSync(file, 0o644);
    },
    "can be read by others",
  ],
])("does not touch %s", async (_, make, message) => {
  const project = await openProject();
  const file = path.join(project.dir, "staging-secrets");
  make(file);
  const before = snapshot(file);

  const ran = await project.run(WITH_FILE);

  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain(message);
  expect(snapshot(file)).toBe(before);
  expect(project.changes()).toEqual([]);
});

const snapshot = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "cannot be read";
  }
};

test("reports a missing folder for the file before anything is done", async () => {
  const project = await openProject();

  const ran = await project.run([...YES, "--secrets-file", "no/such/folder"]);

  expect(ran).toMatchObject({
    code: 2,
    stderr: "error: --secrets-file: the folder no/such does not exist\n",
  });
  expect(project.calls()).toEqual([]);
});

test("does not generate a second callback secret", async () => {
  const project = await openWithout({ [CONSUMER]: ["GRAINCHAIN_CALLBACK_SECRET"] });

  const refused = await project.run(WITH_FILE);

  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    "GRAINCHAIN_CALLBACK_SECRET has to be the same in both Workers, but only webhook-gateway-producer-staging has it",
  );
  expect(refused.stderr).toContain(
    "npm run wrangler -- secret delete GRAINCHAIN_CALLBACK_SECRET -c wrangler.producer.toml --env staging",
  );
  expect(project.changes()).toEqual([]);

  const given = await project.run(YES, {
    GRAINCHAIN_CALLBACK_SECRET: "deployed callback secret of the two Workers",
  });

  expect(given.code).toBe(0);
  expect(project.account.read().workers[CONSUMER]?.secrets).toMatchObject({
    GRAINCHAIN_CALLBACK_SECRET: "deployed callback secret of the two Workers",
  });
});

test("does not choose between two values of a secret", async () => {
  const project = await openProject();
  project.account.change(({ broken }) =>
    broken.push({ on: "secret bulk", problem: "Internal error", times: 1 }),
  );
  await project.run(WITH_FILE);

  const ran = await project.run(WITH_FILE, GIVEN_SECRETS);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("has different values in the environment and in staging-secrets");
  expectSilence(project);
});

test("does not generate a secret that somebody else issues", async () => {
  const project = await openProject();
  project.editEnvironments((toml) =>
    toml.replaceAll('["GRAINCHAIN_CALLBACK_SECRET"]', '["GRAINCHAIN_CALLBACK_SECRET", "GITHUB_TOKEN"]'),
  );

  const ran = await project.run(WITH_FILE);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("GITHUB_TOKEN is required and cannot be generated");
});
