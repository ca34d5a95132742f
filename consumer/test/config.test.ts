import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { describe, expect, test } from "vitest";

const LEAST = {
  ENVIRONMENT: "development",
  GRAINCHAIN_CALLBACK_SECRET: "s3cret",
  CLOUDFLARE_WORKER_URL: "http://localhost:8787",
  GRAINCHAIN_API_URL: "http://localhost:8080",
};

test("needs no more than four values, and has the contract's defaults for the others", () => {
  expect(readConsumerConfig(LEAST)).toMatchObject({
    GRAINCHAIN_API_PREFIX: "/api/v1/validation",
    GRAINCHAIN_TIMEOUT: 60_000,
    GRAINCHAIN_REQUEST_TIMEOUT_MS: 30_000,
    GRAINCHAIN_MAX_CONCURRENT: 0,
    GRAINCHAIN_MAX_CONCURRENT_PER_REPOSITORY: 0,
    DISPATCH_MAX_ATTEMPTS: 8,
    VALIDATION_MAX_AGE_SECONDS: 21_600,
    CANCEL_SUPERSEDED: true,
    VALIDATE_DRAFTS: true,
    GRAINCHAIN_API_KEY: undefined,
    GITHUB_APP_ID: undefined,
  });
});

test("takes empty values as absent", () => {
  const empty = Object.fromEntries(
    [
      "GRAINCHAIN_API_KEY",
      "GITHUB_APP_ID",
      "GRAINCHAIN_TIMEOUT",
      "DISPATCH_MAX_ATTEMPTS",
      "CANCEL_SUPERSEDED",
      "GITHUB_BUDGET",
      "GRAINCHAIN_MAX_MEMORY",
    ].map((key) => [key, ""]),
  );
  expect(readConsumerConfig({ ...LEAST, ...empty })).toEqual(readConsumerConfig(LEAST));
});

test.each([
  [undefined, "adaptive"],
  ["https://api.github.com", "adaptive"],
  ["https://api.acme.ghe.com", "adaptive"],
  ["https://github.example.com/api/v3", "off"],
  ["https://notgithub.com/api/v3", "off"],
  ["http://localhost:9999", "off"],
])("limits what is sent to %s by the policy %s unless another is named", (url, policy) => {
  const config = { ...LEAST, ...(url === undefined ? {} : { GITHUB_API_URL: url }) };
  expect(readConsumerConfig(config).GITHUB_BUDGET).toBe(policy);
  expect(readConsumerConfig({ ...config, GITHUB_BUDGET: "strict" }).GITHUB_BUDGET).toBe("strict");
});

describe("refuses, by name and without the value", () => {
  test.each([
    ["ENVIRONMENT", "prod-s3cret"],
    ["GRAINCHAIN_CALLBACK_SECRET", ""],
    ["CLOUDFLARE_WORKER_URL", "localhost-s3cret"],
    ["GRAINCHAIN_API_URL", "ftp://s3cret"],
    ["GRAINCHAIN_API_PREFIX", "no/slash/s3cret"],
    ["GRAINCHAIN_TIMEOUT", "1 minute s3cret"],
    ["GRAINCHAIN_MAX_MEMORY", "s3cret"],
    ["DISPATCH_MAX_ATTEMPTS", "0"],
    ["CANCEL_SUPERSEDED", "yes-s3cret"],
    ["GITHUB_BUDGET", "s3cret"],
    ["GITHUB_APP_ID", "app-s3cret"],
    ["OTLP_ENDPOINT", "s3cret"],
    ["OTLP_HEADERS", "s3cret"],
    ["EVENTS_SINK_URL", "ftp://s3cret"],
    ["EVENTS_SINK_FORMAT", "s3cret"],
  ])("%s", (key, value) => {
    const read = () => readConsumerConfig({ ...LEAST, [key]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(key);
    expect(read).not.toThrow("s3cret");
  });
});

test.each([
  ["GRAINCHAIN_CALLBACK_SECRET", "s3cret\n"],
  ["GRAINCHAIN_API_KEY", "s3cret\n"],
  ["GITHUB_TOKEN", "ghp_s3cret\r\n"],
  ["GITHUB_APP_ID", "4711\n"],
  ["ALERT_WEBHOOK_URL", "https://alerts.example.com/s3cret\n"],
  ["ALERT_WEBHOOK_SECRET", " s3cret"],
  ["CLOUDFLARE_WORKER_URL", "https://s3cret.example.com\n"],
  ["GRAINCHAIN_API_URL", "https://s3cret.example.com "],
  ["GITHUB_API_URL", "https://s3cret.example.com\n"],
])("refuses whitespace around %s, by name: %j", (key, value) => {
  expect(() => readConsumerConfig({ ...LEAST, [key]: value })).toThrow(
    new ConfigError([{ key, problem: "has whitespace around it" }]),
  );
});

test("takes a private key with the newline that its file ends with", () => {
  const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n";

  expect(readConsumerConfig({ ...LEAST, GITHUB_APP_PRIVATE_KEY: pem }).GITHUB_APP_PRIVATE_KEY).toBe(pem);
});
