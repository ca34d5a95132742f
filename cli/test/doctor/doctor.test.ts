import { expect, test } from "vitest";
import { DOCTOR, examine } from "../support/doctor.ts";
import { appCredentials, openStaging } from "../support/fake-wrangler-neighbours.ts";

test("finds nothing to fix if everything is well", async () => {
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
    "gateway: consumer",
    "clock",
    "gateway version",
    "Grainchain",
    "D1",
    "R2",
    "Workers plan",
    "queue webhook-gateway-events-staging",
    "queue webhook-gateway-dead-staging",
    "queue webhook-gateway-work-staging",
    "GitHub API",
    "GitHub App",
    "hook org:acme/7",
  ]);
});

test("sends GitHub only valid requests, and changes nothing at Cloudflare", async () => {
  const staging = await openStaging({ hooks: "org:acme/7,repo:acme/widgets/8,app" });

  await examine(staging);

  expect(await staging.github.violations()).toEqual([]);
  expect(staging.project.changes()).toEqual([]);
});

test("prints a table that fits, with each fix on its own line, and fails", async () => {
  const staging = await openStaging();
  staging.grainchain.status = 503;
  const url = staging.project
    .read("wrangler.consumer.toml")
    .match(/GRAINCHAIN_API_URL = "(https:\/\/127[^"]*)"/)?.[1];

  const ran = await staging.project.run(DOCTOR, { ...appCredentials(), COLUMNS: "80" });

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
    GITHUB_WEBHOOK_SECRETS: '{"label":"labeled secret"',
    GRAINCHAIN_API_KEY: "grainchain key",
    ALERT_WEBHOOK_URL: "ftp://alert-secret.example.com",
  };

  const { items } = await examine(staging, secrets);
  await staging.project.run(DOCTOR, secrets);

  expect(items.filter(({ status }) => status === "fail").map(({ what }) => what)).toEqual([
    expect.stringContaining("GITHUB_WEBHOOK_SECRETS"),
    expect.stringContaining("ALERT_WEBHOOK_URL"),
  ]);
  const printed = staging.project.printed();
  const hidden = [
    ...Object.entries(secrets).flatMap(([name, value]) => (name === "GITHUB_APP_ID" ? [] : [value])),
    ...staging.project.secrets(),
    "labeled secret",
    "the-cloudflare-token",
  ];
  expect(hidden.filter((secret) => printed.includes(secret))).toEqual([]);
});

test("reports everything else if Cloudflare refuses", async () => {
  const staging = await openStaging();
  staging.project.account.change((state) => Object.assign(state, { token: "another" }));

  const { items } = await examine(staging, { ...appCredentials(), CLOUDFLARE_API_TOKEN: "wrong" });

  const unchecked = items.filter(({ status }) => status !== "ok");
  expect(unchecked.map(({ check }) => check)).toEqual([
    "secrets of the producer",
    "secrets of the consumer",
    "D1",
    "R2",
    "queues",
  ]);
  for (const { status, what } of unchecked) {
    expect(status).toBe("warn");
    expect(what).toMatch(/^not checked: .*CLOUDFLARE_API_TOKEN needs the right "/);
  }
});

test("checks the gateway that --url names", async () => {
  const staging = await openStaging();
  const { url } = staging.gateway;
  staging.project.editEnvironments((toml) => toml.replaceAll(url, "https://127.0.0.1:1"));

  const ran = await staging.project.run([...DOCTOR, "--url", `${url}/`], appCredentials());

  expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/ 0 warnings, 0 failed/) });
  expect(ran.stdout).toContain(`${url} is healthy`);
});
