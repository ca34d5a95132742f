import { editConsumer, testProblems } from "../support/doctor.ts";
import { FILES } from "../support/fake-wrangler-project.ts";

testProblems({
  "another Wrangler": {
    make: ({ project }) =>
      project.account.change((state) => Object.assign(state, { wranglerVersion: "3.99.0" })),
    check: "Wrangler",
    status: "warn",
    what: "3.99.0, but this checkout is tested with 4.",
    mend: "pnpm install",
  },
  "a gateway that is down": {
    make: editConsumer(/CLOUDFLARE_WORKER_URL = "[^"]*"/, 'CLOUDFLARE_WORKER_URL = "https://127.0.0.1:1"'),
    check: "gateway",
    status: "fail",
    what: "https://127.0.0.1:1/health cannot be reached",
    mend: "npm run wrangler -- deploy -c wrangler.producer.toml --env staging",
  },
  "another program at its address": {
    make: ({ gateway }) => Object.assign(gateway.state, { body: "<html>" }),
    check: "gateway",
    status: "fail",
    what: "does not answer like a gateway (HTTP 200)",
    mend: "pass the gateway's address as --url",
  },
  "a gateway that refuses everything because of its configuration": {
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
  "a missing bucket": {
    make: ({ project }) =>
      project.account.change((state) => {
        state.buckets = [];
      }),
    check: "R2",
    status: "fail",
    what: "bucket webhook-gateway-archive-staging does not exist",
    mend: "gateway provision --env staging",
  },
  "a bucket that keeps everything": {
    make: ({ project }) =>
      project.account.change(({ buckets }) => {
        for (const bucket of buckets) bucket.rules = bucket.rules.filter(({ id }) => id === "results");
      }),
    check: "R2",
    status: "warn",
    what: "webhook-gateway-archive-staging does not delete validations/ after 400 days",
    mend: "gateway provision --env staging",
  },
  "files without a bucket": {
    make: ({ project }) => {
      for (const file of FILES)
        project.edit(file, (toml) => toml.replaceAll(/\[\[env\.staging\.r2_buckets\]\]\n.*\n.*\n/g, ""));
    },
    check: "R2",
    status: "warn",
    what: "the files have no bucket ARCHIVE",
    mend: "add [[both.r2_buckets]] to environments.toml",
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
        grainchain: { status: "degraded", detail: "Grainchain's gate is closed" },
      }),
    check: "gateway: grainchain",
    status: "warn",
    what: "Grainchain's gate is closed",
    mend: "check Grainchain; gateway status shows what is waiting. Nothing is lost meanwhile",
  },
  "a Grainchain whose API is somewhere else": {
    make: ({ grainchain }) => Object.assign(grainchain, { prefix: "/api/v1/webhook/validation" }),
    check: "Grainchain",
    status: "fail",
    what: "/api/v1/validation/doctor/status returned 404: no Grainchain API at this path",
    mend: "set GRAINCHAIN_API_PREFIX to the path of its API",
  },
  "a Grainchain that cannot be asked about a validation": {
    make: ({ grainchain }) => Object.assign(grainchain, { status: 404, hasStatus: false }),
    check: "Grainchain",
    status: "warn",
    what: "has no …/status: a lost callback loses the result",
    mend: "docs/grainchain-api.md",
  },
  "a Grainchain that wants another key": {
    make: ({ grainchain }) => Object.assign(grainchain, { key: "the key that Grainchain expects" }),
    env: { GRAINCHAIN_API_KEY: "a key that is long enough, and wrong" },
    check: "Grainchain",
    status: "fail",
    what: "/status answers 401: GRAINCHAIN_API_KEY is wrong",
    mend: "set GRAINCHAIN_API_KEY to the key that Grainchain expects",
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
  "pending migrations": {
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
    mend: "check CLOUDFLARE_ACCOUNT_ID, and database_id in environments.toml",
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
    what: "keeps messages for only 1 day",
    mend: "gateway provision --env staging",
  },
  "an account that may have Workers Free": {
    make: ({ project }) =>
      project.account.change(({ queues }) => {
        for (const queue of queues) queue.retention = 86_400;
      }),
    check: "Workers plan",
    status: "warn",
    what: "Workers Paid is needed, and no queue shows that the account has it",
    mend: "check the plan in Cloudflare's dashboard",
  },
  "a queue whose retention is not known": {
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
});
