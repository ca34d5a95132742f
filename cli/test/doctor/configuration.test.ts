import { expect, test } from "vitest";
import { withCell } from "../../src/project/environments.ts";
import { editConsumer, testProblems } from "../support/doctor.ts";
import { appCredentials, openStaging } from "../support/fake-wrangler-neighbours.ts";

testProblems({
  "a bad value": {
    make: editConsumer('GRAINCHAIN_TIMEOUT = "60000"', 'GRAINCHAIN_TIMEOUT = "sixty"'),
    check: "wrangler.consumer.toml",
    status: "fail",
    what: "bad configuration: GRAINCHAIN_TIMEOUT (bad regex)",
    mend: "fix these in environments.toml",
  },
  "a newline after a secret": {
    make: () => undefined,
    env: { GITHUB_TOKEN: "ghp_with_newline\n" },
    check: "wrangler.consumer.toml",
    status: "fail",
    what: "bad configuration: GITHUB_TOKEN (has whitespace around it)",
    mend: "fix these in .env, the environment or environments.toml",
  },
  "a secret that can be guessed": {
    make: () => undefined,
    env: { OPERATOR_TOKEN: "passwordpasswordpasswordpassword" },
    check: "strength of secrets",
    status: "warn",
    what: "can be guessed: OPERATOR_TOKEN",
    mend: "replace them by random ones: openssl rand -hex 32",
  },
  "a label's secret that can be guessed": {
    make: () => undefined,
    env: { GITHUB_WEBHOOK_SECRETS: JSON.stringify({ acme: "a".repeat(40) }) },
    check: "strength of secrets",
    status: "warn",
    what: "can be guessed: GITHUB_WEBHOOK_SECRETS: acme",
    mend: "replace them by random ones: openssl rand -hex 32",
  },
  "a newline after the account's token": {
    make: () => undefined,
    env: { CLOUDFLARE_API_TOKEN: "the-cloudflare-token\n" },
    check: "both files",
    status: "fail",
    what: "CLOUDFLARE_API_TOKEN has whitespace around it",
    mend: "fix what is named",
  },
  "a token under CodegenApp's name for it": {
    make: () => undefined,
    env: { CLOUDFLARE_API_TOKEN: "", CLOUDFLARE_API_KEY: "the-cloudflare-token" },
    check: "Cloudflare token",
    status: "warn",
    what: "CLOUDFLARE_API_KEY is used as the API token",
    mend: "rename it in .env",
  },
  "an invalid address of Cloudflare's API": {
    make: () => undefined,
    env: { CLOUDFLARE_API_BASE_URL: "nonsense" },
    check: "both files",
    status: "fail",
    what: "CLOUDFLARE_API_BASE_URL is not a URL",
    mend: "fix what is named",
  },
  "a file that is not TOML": {
    make: editConsumer('GRAINCHAIN_TIMEOUT = "60000"', "GRAINCHAIN_TIMEOUT = ["),
    check: "wrangler.consumer.toml",
    status: "fail",
    what: "wrangler.consumer.toml cannot be read",
    mend: "fix wrangler.consumer.toml",
  },
  "the name of another environment": {
    make: editConsumer('ENVIRONMENT = "staging"', 'ENVIRONMENT = "production"'),
    check: "wrangler.consumer.toml",
    status: "fail",
    what: "ENVIRONMENT is not staging",
    mend: "set it in environments.toml",
  },
  "files that differ": {
    make: editConsumer('REPOSITORY_DENY = ""', 'REPOSITORY_DENY = "acme/*"'),
    check: "both files",
    status: "warn",
    what: "they differ in REPOSITORY_DENY",
    mend: "set the same in environments.toml",
  },
  "an edit of what is generated": {
    make: editConsumer("retry_delay = 60", "retry_delay = 6"),
    check: "both files",
    status: "warn",
    what: "queues.consumers.0.retry_delay of staging in wrangler.consumer.toml differs from environments.toml (1 of 1)",
    mend: "move what is right to environments.toml, then npm run environments",
  },
  "what was removed from what is generated": {
    make: editConsumer(/dead_letter_queue = .*\n/, ""),
    check: "both files",
    status: "warn",
    what: "queues.consumers.0.dead_letter_queue of staging in wrangler.consumer.toml differs from environments.toml",
    mend: "npm run environments",
  },
  "different databases": {
    make: editConsumer('database_name = "webhook-gateway-staging"', 'database_name = "another"'),
    check: "both files",
    status: "fail",
    what: "name different databases",
    mend: "fix what is named",
  },
  "an example address": {
    make: editConsumer(
      /GRAINCHAIN_API_URL = "[^"]*"/,
      'GRAINCHAIN_API_URL = "https://grainchain.staging.example.com"',
    ),
    check: "both files",
    status: "fail",
    what: "still an example: GRAINCHAIN_API_URL",
    mend: "set your own in environments.toml",
  },
  "a placeholder for the id of the database": {
    make: editConsumer(/database_id = "[^"]*"/, 'database_id = "00000000-0000-4000-8000-000000000002"'),
    check: "both files",
    status: "fail",
    what: "database_id is still a placeholder",
    mend: "gateway provision --env staging",
  },
  "a damaged private key": {
    make: () => undefined,
    env: { GITHUB_APP_ID: "4711", GITHUB_APP_PRIVATE_KEY: "-----BEGIN RSA PRIVATE KEY-----" },
    check: "private key",
    status: "fail",
    what: "GITHUB_APP_PRIVATE_KEY is not a PEM",
    mend: "generate a new one in the App's settings",
  },
  "a missing secret": {
    make: ({ project }) =>
      project.account.change(({ workers }) => {
        delete workers["webhook-gateway-producer-staging"]?.secrets.READER_TOKEN;
      }),
    check: "secrets of the producer",
    status: "fail",
    what: "missing: READER_TOKEN",
    mend: "gateway provision --env staging",
  },
  "a Worker that does not exist": {
    make: ({ project }) =>
      project.account.change(({ workers }) => {
        delete workers["webhook-gateway-consumer-staging"];
      }),
    check: "secrets of the consumer",
    status: "fail",
    what: "Worker webhook-gateway-consumer-staging does not exist",
    mend: "gateway provision --env staging",
  },
  "no credentials for GitHub": {
    make: ({ project }) =>
      project.account.change(({ workers }) => {
        delete workers["webhook-gateway-consumer-staging"]?.secrets.GITHUB_TOKEN;
      }),
    check: "secrets of the consumer",
    status: "warn",
    what: "no credentials for GitHub",
    mend: "npm run wrangler -- secret put GITHUB_TOKEN -c wrangler.consumer.toml --env staging",
  },
  "half of the credentials of an App": {
    make: ({ project }) =>
      project.account.change(({ workers }) => {
        Object.assign(workers["webhook-gateway-consumer-staging"]?.secrets ?? {}, { GITHUB_APP_ID: "4711" });
      }),
    check: "secrets of the consumer",
    status: "fail",
    what: "GITHUB_APP_ID is set without GITHUB_APP_PRIVATE_KEY",
    mend: "npm run wrangler -- secret put GITHUB_APP_PRIVATE_KEY -c wrangler.consumer.toml --env staging",
  },
});

test("takes a cell that is run as production is for valid", async () => {
  const { project } = await openStaging();
  project.editEnvironments((toml) => withCell(toml, "acme-2"));

  const { stdout } = await project.run(["doctor", "--env", "acme-2", "--output", "json"], appCredentials());

  for (const check of ["wrangler.producer.toml", "wrangler.consumer.toml"])
    expect(JSON.parse(stdout).items).toContainEqual(
      expect.objectContaining({ check, status: "ok", what: "all values are valid (acme-2)" }),
    );
});
