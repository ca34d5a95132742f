import * as v from "valibot";
import { expect, test } from "vitest";
import type { FindingStatus } from "../../src/doctor/finding.ts";
import { appCredentials, openStaging, type Staging } from "../support/fake-wrangler-neighbours.ts";

const DOCTOR = ["doctor", "--env", "staging"];

const report = v.object({
  environment: v.string(),
  items: v.array(
    v.object({ check: v.string(), status: v.string(), what: v.string(), mend: v.nullable(v.string()) }),
  ),
  ok: v.number(),
  warn: v.number(),
  fail: v.number(),
});

/** What the command finds, and how it ends. */
async function examine({ project }: Staging, env: Readonly<Record<string, string>> = appCredentials()) {
  const { code, stdout, stderr } = await project.run([...DOCTOR, "--output", "json"], env);
  expect(stderr).toBe("");
  const { items, ...rest } = v.parse(report, JSON.parse(stdout));
  return { code, items, ...rest };
}

test("finds nothing to mend where all is well", async () => {
  const staging = await openStaging();

  const { code, items, ...counts } = await examine(staging);

  expect(items.filter(({ status }) => status !== "ok")).toEqual([]);
  expect(code).toBe(0);
  expect(counts).toEqual({ environment: "staging", ok: items.length, warn: 0, fail: 0 });
  expect(items.map(({ check }) => check)).toEqual([
    "wrangler.producer.toml",
    "wrangler.consumer.toml",
    "both files",
    "private key",
    "secrets of the producer",
    "secrets of the consumer",
    "Node",
    "Wrangler",
    "gateway",
    "gateway: api",
    "gateway: database",
    "gateway: queue",
    "gateway: grainchain",
    "clock",
    "gateway version",
    "Grainchain",
    "D1",
    "queue webhook-gateway-events-staging",
    "queue webhook-gateway-dead-staging",
    "queue webhook-gateway-work-staging",
    "GitHub API",
    "GitHub App",
    "hook org:acme/7",
  ]);
});

test("asks GitHub for nothing that GitHub does not know, and changes nothing at Cloudflare", async () => {
  const staging = await openStaging({ hooks: "org:acme/7,repo:acme/widgets/8,app" });

  await examine(staging);

  expect(await staging.github.violations()).toEqual([]);
  expect(staging.project.changes()).toEqual([]);
});

test("prints a table that fits, with each mend on a line of its own, and fails", async () => {
  const staging = await openStaging();
  staging.grainchain.status = 503;
  const url = staging.project
    .read("wrangler.consumer.toml")
    .match(/GRAINCHAIN_API_URL = "(http:\/\/127[^"]*)"/)?.[1];

  const ran = await staging.project.spawn(DOCTOR, { ...appCredentials(), COLUMNS: "80" });

  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/^\d+ ok, 0 warnings, 1 failed\n$/);
  expect(ran.stdout).toContain(
    [
      `Grainchain              fail  ${url}/health answers 503`,
      `  start Grainchain, or set GRAINCHAIN_API_URL; to try from elsewhere: curl -i ${url}/health`,
      "",
    ].join("\n"),
  );
  expect(ran.stdout.trimEnd()).not.toMatch(/^\s*$/m);
});

test("never prints a secret", async () => {
  const staging = await openStaging({ hooks: "org:acme/7,app" });
  const secrets = {
    ...appCredentials(),
    GITHUB_TOKEN: "ghp_classic",
    GITHUB_WEBHOOK_SECRETS: '{"label":"labelled secret"',
    GRAINCHAIN_API_KEY: "grainchain key",
    ALERT_WEBHOOK_URL: "ftp://alert-secret.example.com",
  };

  const { items } = await examine(staging, secrets);
  await staging.project.run(DOCTOR, secrets);

  expect(items.filter(({ status }) => status === "fail").map(({ what }) => what)).toEqual([
    expect.stringContaining("GITHUB_WEBHOOK_SECRETS"),
    expect.stringContaining("ALERT_WEBHOOK_URL"),
  ]);
  const told = staging.project.printed();
  const hidden = [
    ...Object.entries(secrets).flatMap(([name, value]) => (name === "GITHUB_APP_ID" ? [] : [value])),
    ...staging.project.secrets(),
    "labelled secret",
    "the-cloudflare-token",
  ];
  expect(hidden.filter((secret) => told.includes(secret))).toEqual([]);
});

interface Trouble {
  readonly make: (staging: Staging) => unknown;
  readonly check: string;
  readonly status: FindingStatus;
  readonly what: string;
  readonly mend: string;
  readonly env?: Readonly<Record<string, string>>;
}

const editConsumer =
  (from: string | RegExp, to: string) =>
  ({ project }: Staging) =>
    project.edit("wrangler.consumer.toml", (toml) => {
      const section = toml.indexOf("[env.staging.vars]");
      return toml.slice(0, section) + toml.slice(section).replace(from, to);
    });

const TROUBLES: Readonly<Record<string, Trouble>> = {
  "a bad value": {
    make: editConsumer('GRAINCHAIN_TIMEOUT = "60000"', 'GRAINCHAIN_TIMEOUT = "sixty"'),
    check: "wrangler.consumer.toml",
    status: "fail",
    what: "bad configuration: GRAINCHAIN_TIMEOUT (bad regex)",
    mend: "fix these in [env.staging.vars] or wrangler.consumer.toml",
  },
  "a newline after a secret": {
    make: () => undefined,
    env: { GITHUB_TOKEN: "ghp_with_newline\n" },
    check: "wrangler.consumer.toml",
    status: "fail",
    what: "bad configuration: GITHUB_TOKEN (has whitespace around it)",
    mend: "fix these in .env, the environment or wrangler.consumer.toml",
  },
  "a newline after the account's token": {
    make: () => undefined,
    env: { CLOUDFLARE_API_TOKEN: "the-cloudflare-token\n" },
    check: "both files",
    status: "fail",
    what: "CLOUDFLARE_API_TOKEN has whitespace around it",
    mend: "fix what is named",
  },
  "an address of Cloudflare's that is none": {
    make: () => undefined,
    env: { CLOUDFLARE_API_BASE_URL: "nonsense" },
    check: "both files",
    status: "fail",
    what: "CLOUDFLARE_API_BASE_URL is not a URL",
    mend: "fix what is named",
  },
  "a file that is no TOML": {
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
    mend: "set it in [env.staging.vars]",
  },
  "files that do not agree": {
    make: editConsumer('REPOSITORY_DENY = ""', 'REPOSITORY_DENY = "acme/*"'),
    check: "both files",
    status: "warn",
    what: "they differ in REPOSITORY_DENY",
    mend: "set the same in wrangler.producer.toml and wrangler.consumer.toml",
  },
  "different databases": {
    make: editConsumer('database_name = "webhook-gateway-staging"', 'database_name = "another"'),
    check: "both files",
    status: "fail",
    what: "name different databases",
    mend: "fix what is named",
  },
  "an example of an address": {
    make: editConsumer(
      /GRAINCHAIN_API_URL = "[^"]*"/,
      'GRAINCHAIN_API_URL = "https://grainchain.staging.example.com"',
    ),
    check: "both files",
    status: "fail",
    what: "still an example: GRAINCHAIN_API_URL",
    mend: "set your own in wrangler.consumer.toml",
  },
  "a placeholder for the database's id": {
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
  "a Worker that was never made": {
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
  "half of an App": {
    make: ({ project }) =>
      project.account.change(({ workers }) => {
        Object.assign(workers["webhook-gateway-consumer-staging"]?.secrets ?? {}, { GITHUB_APP_ID: "4711" });
      }),
    check: "secrets of the consumer",
    status: "fail",
    what: "GITHUB_APP_ID is set without GITHUB_APP_PRIVATE_KEY",
    mend: "npm run wrangler -- secret put GITHUB_APP_PRIVATE_KEY -c wrangler.consumer.toml --env staging",
  },
  "another Wrangler": {
    make: ({ project }) =>
      project.account.change((state) => Object.assign(state, { wranglerVersion: "3.99.0" })),
    check: "Wrangler",
    status: "warn",
    what: "3.99.0, but this checkout is tested with 4.",
    mend: "pnpm install",
  },
  "a gateway that is down": {
    make: editConsumer(/CLOUDFLARE_WORKER_URL = "[^"]*"/, 'CLOUDFLARE_WORKER_URL = "http://127.0.0.1:1"'),
    check: "gateway",
    status: "fail",
    what: "http://127.0.0.1:1/health cannot be reached",
    mend: "npm run wrangler -- deploy -c wrangler.producer.toml --env staging",
  },
  "something else in its place": {
    make: ({ gateway }) => Object.assign(gateway.state, { body: "<html>" }),
    check: "gateway",
    status: "fail",
    what: "does not answer like a gateway (HTTP 200)",
    mend: "pass the gateway's address as --url",
  },
  "a gateway that refuses all because of its configuration": {
    make: ({ gateway }) =>
      Object.assign(gateway.state, {
        httpStatus: 500,
        body: JSON.stringify({
          success: false,
          error: {
            code: "internal_error",
            message: "the gateway's configuration is bad; its log names the keys",
          },
          request_id: "request-1",
        }),
      }),
    check: "gateway",
    status: "fail",
    what: "answers 500: the gateway's configuration is bad; its log names the keys",
    mend: "look at the Worker's logs: npm run wrangler -- tail -c wrangler.producer.toml --env staging",
  },
  "a gateway of another environment": {
    make: ({ gateway }) => Object.assign(gateway.state, { environment: "production" }),
    check: "gateway",
    status: "fail",
    what: "is the production environment",
    mend: "pass the staging gateway as --url",
  },
  "a database that does not answer": {
    make: ({ gateway }) =>
      Object.assign(gateway.state.checks, { database: { status: "failed", detail: "D1 did not answer" } }),
    check: "gateway: database",
    status: "fail",
    what: "D1 did not answer",
    mend: "check D1's status and the Worker's logs: npm run wrangler -- tail -c wrangler.producer.toml --env staging",
  },
  "a queue that does not answer": {
    make: ({ gateway }) =>
      Object.assign(gateway.state.checks, {
        queue: { status: "failed", detail: "the queue did not answer" },
      }),
    check: "gateway: queue",
    status: "fail",
    what: "the queue did not answer",
    mend: "check the status of Queues and the queue itself: npm run wrangler -- queues info webhook-gateway-events-staging",
  },
  "a Grainchain that is full": {
    make: ({ gateway }) =>
      Object.assign(gateway.state.checks, {
        grainchain: { status: "degraded", detail: "dispatch is paused" },
      }),
    check: "gateway: grainchain",
    status: "warn",
    what: "dispatch is paused",
    mend: "check Grainchain; gateway status shows what is waiting. Nothing is lost meanwhile",
  },
  "a clock that is behind": {
    make: ({ gateway }) => Object.assign(gateway.state, { ahead: 90 }),
    check: "clock",
    status: "warn",
    what: "s behind the gateway",
    mend: "set this machine's clock (NTP)",
  },
  "an older version": {
    make: ({ gateway }) => Object.assign(gateway.state, { version: "0.0.9" }),
    check: "gateway version",
    status: "warn",
    what: "0.0.9 is running, but this checkout is",
    mend: "npm run wrangler -- deploy -c wrangler.producer.toml --env staging",
  },
  "migrations that are pending": {
    make: ({ project }) =>
      project.account.change(({ databases }) => {
        databases[0]?.applied?.pop();
      }),
    check: "D1",
    status: "fail",
    what: "webhook-gateway-staging is missing 0",
    mend: "gateway provision --env staging",
  },
  "no database": {
    make: ({ project }) => project.account.change((state) => Object.assign(state, { databases: [] })),
    check: "D1",
    status: "fail",
    what: "database webhook-gateway-staging does not exist",
    mend: "gateway provision --env staging",
  },
  "another database's id": {
    make: ({ project }) =>
      project.account.change(({ databases }) => {
        Object.assign(databases[0] ?? {}, { uuid: "another" });
      }),
    check: "D1",
    status: "fail",
    what: "database_id in the files is not the id of webhook-gateway-staging",
    mend: "check CLOUDFLARE_ACCOUNT_ID, and database_id in both files",
  },
  "a missing queue": {
    make: ({ project }) =>
      project.account.change((state) => {
        state.queues = state.queues.filter(({ name }) => !name.includes("dead"));
      }),
    check: "queue webhook-gateway-dead-staging",
    status: "fail",
    what: "missing",
    mend: "gateway provision --env staging",
  },
  "a queue that keeps messages too briefly": {
    make: ({ project }) =>
      project.account.change(({ queues }) => {
        for (const queue of queues) queue.retention = 86_400;
      }),
    check: "queue webhook-gateway-events-staging",
    status: "warn",
    what: "keeps messages for 1 day only",
    mend: "gateway provision --env staging",
  },
  "a queue whose retention nobody tells": {
    make: ({ project }) =>
      project.account.change(({ queues }) => {
        for (const queue of queues) queue.retention = null;
      }),
    check: "queue webhook-gateway-events-staging",
    status: "warn",
    what: "not checked: Cloudflare does not say how long messages are kept; it should be 14 days",
    mend: "check its settings in Cloudflare's dashboard",
  },
  "a queue that nobody consumes": {
    make: ({ project }) =>
      project.account.change(({ queues }) => {
        for (const queue of queues) queue.consumers = [];
      }),
    check: "queue webhook-gateway-events-staging",
    status: "fail",
    what: "webhook-gateway-consumer-staging does not consume it",
    mend: "npm run wrangler -- deploy -c wrangler.consumer.toml --env staging",
  },
  "a consumer that no file names": {
    make: ({ project }) =>
      project.account.change(({ queues }) => {
        const consumers = [{ type: "worker", script: "webhook-gateway-consumer-staging" }];
        queues.push({ name: "a-former-queue", retention: 60, consumers });
      }),
    check: "queue a-former-queue",
    status: "warn",
    what: "webhook-gateway-consumer-staging consumes it, but the files do not name it",
    mend: "npm run wrangler -- queues consumer worker remove a-former-queue webhook-gateway-consumer-staging",
  },
  "no account": {
    make: () => undefined,
    env: { CLOUDFLARE_API_TOKEN: "" },
    check: "D1",
    status: "warn",
    what: "not checked: CLOUDFLARE_API_TOKEN or CLOUDFLARE_ACCOUNT_ID is not set",
    mend: "add both to .env (see .env.example)",
  },
};

test.each(Object.entries(TROUBLES))("tells %s with its mend", async (_, trouble) => {
  const staging = await openStaging();
  trouble.make(staging);

  const { code, items } = await examine(staging, { ...appCredentials(), ...trouble.env });

  const { check, status, what, mend } = trouble;
  expect(items).toContainEqual({
    check,
    status,
    what: expect.stringContaining(what),
    mend: expect.stringContaining(mend),
  });
  expect(code).toBe(items.some((one) => one.status === "fail") ? 1 : 0);
});

test("tells all else where Cloudflare refuses", async () => {
  const staging = await openStaging();
  staging.project.account.change((state) => Object.assign(state, { token: "another" }));

  const { items } = await examine(staging, { ...appCredentials(), CLOUDFLARE_API_TOKEN: "wrong" });

  const unchecked = items.filter(({ status }) => status !== "ok");
  expect(unchecked.map(({ check }) => check)).toEqual([
    "secrets of the producer",
    "secrets of the consumer",
    "D1",
    "queues",
  ]);
  for (const { status, what } of unchecked) {
    expect(status).toBe("warn");
    expect(what).toMatch(/^not checked: .*CLOUDFLARE_API_TOKEN needs the right "/);
  }
});

test("looks at the gateway that --url names", async () => {
  const staging = await openStaging();
  const { url } = staging.gateway;
  editConsumer(/CLOUDFLARE_WORKER_URL = "[^"]*"/, 'CLOUDFLARE_WORKER_URL = "http://127.0.0.1:1"')(staging);

  const ran = await staging.project.run([...DOCTOR, "--url", `${url}/`], appCredentials());

  expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/ 0 warnings, 0 failed/) });
  expect(ran.stdout).toContain(`${url} is healthy`);
});
