import { expect, test } from "vitest";
import { ACCOUNT_ID, MIGRATIONS, provisioned } from "../support/fake-wrangler-account.ts";
import { FILES, openProject } from "../support/fake-wrangler-project.ts";

const YES = ["provision", "--env", "staging", "--yes"];
const UUID = "00000000-0000-4000-8000-000000000002";

/** All that Cloudflare was asked for that changes something. */
const changesOf = (asked: readonly string[]): string[] => asked.filter((line) => !line.startsWith("GET "));

// The fake Wrangler prints what the real one does: here is the real one, with an API behind it that is not.
test("works with the real Wrangler", async () => {
  const project = await openProject({}, { real: true });
  const before = FILES.map(project.read);

  const done = await project.run([...YES, "--secrets-file", "staging-secrets"]);
  expect(done.code).toBe(0);
  const { queues, databases, workers } = project.account.read();
  expect(queues).toEqual([
    { name: "webhook-gateway-events-staging", retention: 1_209_600, consumers: [] },
    { name: "webhook-gateway-dead-staging", retention: 1_209_600, consumers: [] },
    { name: "webhook-gateway-work-staging", retention: 345_600, consumers: [] },
  ]);
  expect(databases).toMatchObject([{ name: "webhook-gateway-staging", applied: MIGRATIONS }]);
  const uuid = databases[0]?.uuid ?? "";
  expect(FILES.map(project.read)).toEqual(before.map((toml) => toml.replace(UUID, uuid)));
  const producer = workers["webhook-gateway-producer-staging"]?.secrets ?? {};
  expect(Object.keys(producer)).toEqual([
    "GITHUB_WEBHOOK_SECRET",
    "GRAINCHAIN_CALLBACK_SECRET",
    "OPERATOR_TOKEN",
    "READER_TOKEN",
  ]);
  expect(workers["webhook-gateway-consumer-staging"]?.secrets).toEqual({
    GRAINCHAIN_CALLBACK_SECRET: producer.GRAINCHAIN_CALLBACK_SECRET,
  });
  const printed = project.printed();
  expect(project.secrets().filter((secret) => printed.includes(secret))).toEqual([]);
});

test("fixes queues with the real Wrangler", async () => {
  const consumers = [{ type: "worker", script: "webhook-gateway-consumer-staging" }];
  const [events, dead, work] = ["events", "dead", "work"].map((name) => `webhook-gateway-${name}-staging`);
  const project = await openProject(
    {
      ...provisioned("staging", UUID),
      queues: [
        { name: events ?? "", retention: 345_600, consumers },
        { name: "a-former-queue", retention: 345_600, consumers },
        { name: dead ?? "", retention: 1_209_600, consumers },
        { name: work ?? "", retention: 345_600, consumers },
      ],
    },
    { real: true },
  );

  const ran = await project.run([...YES, "--detach"]);

  expect(ran.code).toBe(0);
  // What is there already is read, and left as it is.
  expect(changesOf(project.api.asked).map((line) => line.replace(`/accounts/${ACCOUNT_ID}`, ""))).toEqual([
    // Asking for the migrations that are applied is a POST.
    `POST /d1/database/${UUID}/query`,
    `PATCH /queues/${events}`,
    "DELETE /queues/a-former-queue/consumers/webhook-gateway-consumer-staging",
  ]);
  expect(project.account.read().queues).toEqual([
    { name: events, retention: 1_209_600, consumers },
    { name: "a-former-queue", retention: 345_600, consumers: [] },
    { name: dead, retention: 1_209_600, consumers },
    { name: work, retention: 345_600, consumers },
  ]);
});

test("reads the refusals of the real Wrangler", async () => {
  const project = await openProject({}, { real: true });
  project.account.change((state) => {
    state.refused = "/d1/database";
  });

  const ran = await project.run(YES);

  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(
    /^error: wrangler d1 list --json: .*Authentication error \[code: 10000\]\. CLOUDFLARE_API_TOKEN needs the right "D1: Edit"/,
  );
  expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
});
