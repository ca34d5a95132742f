import { env as workerEnv } from "cloudflare:workers";
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { readProducerConfig, webhookSecrets } from "@webhook-gateway/shared/config/producer.ts";
import { afterEach, describe, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { SECRETS } from "./support/app.ts";
import { expectRefusal } from "./support/errors.ts";

afterEach(() => vi.restoreAllMocks());

const ENV = { ENVIRONMENT: "development", ...SECRETS };

function refusal(over: Readonly<Record<string, unknown>>): ConfigError {
  try {
    readProducerConfig({ ...ENV, ...over });
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown;
    throw thrown;
  }
  throw new Error("the configuration was taken");
}

test("only the secrets and the environment are needed", () => {
  expect(readProducerConfig(ENV)).toEqual({
    ...ENV,
    WEBHOOK_DEBUG_MODE: false,
    GITHUB_WEBHOOK_SECRET_PREVIOUS: undefined,
    GITHUB_WEBHOOK_SECRETS: [],
    GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: undefined,
    OPERATOR_TOKENS: {},
    READER_TOKENS: {},
    CALLBACK_BEARER: true,
    ACCESS_TEAM_DOMAIN: undefined,
    ACCESS_AUD: [],
    ACCESS_OPERATORS: [],
    PROJECT_STATUS_PUBLIC: false,
    VALIDATE_PUSH_BRANCHES: [],
    REPOSITORY_ALLOW: [],
    REPOSITORY_DENY: [],
  });
});

test("an empty value of an optional key counts as absent", () => {
  const optional = {
    WEBHOOK_DEBUG_MODE: "",
    GITHUB_WEBHOOK_SECRET_PREVIOUS: "",
    GITHUB_WEBHOOK_SECRETS: "",
    GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: "",
    OPERATOR_TOKENS: "",
    READER_TOKENS: "",
    PROJECT_STATUS_PUBLIC: "",
    VALIDATE_PUSH_BRANCHES: " , ",
    REPOSITORY_ALLOW: "",
    REPOSITORY_DENY: "",
  };
  expect(readProducerConfig({ ...ENV, ...optional })).toEqual(readProducerConfig(ENV));
});

test("lists are split at commas", () => {
  const { REPOSITORY_ALLOW } = readProducerConfig({ ...ENV, REPOSITORY_ALLOW: " octo/* ,mona/app,, " });
  expect(REPOSITORY_ALLOW).toEqual(["octo/*", "mona/app"]);
});

describe("is refused, by key and never by value, for", () => {
  test.each([
    ["ENVIRONMENT", undefined],
    ["ENVIRONMENT", "MARKER"],
    ["ENVIRONMENT", "Production"],
    ["GITHUB_WEBHOOK_SECRET", undefined],
    ["GITHUB_WEBHOOK_SECRET", ""],
    ["GITHUB_WEBHOOK_SECRET", { MARKER: "MARKER" }],
    ["GRAINCHAIN_CALLBACK_SECRET", undefined],
    ["GRAINCHAIN_CALLBACK_SECRET", ""],
    ["OPERATOR_TOKEN", undefined],
    ["OPERATOR_TOKEN", ""],
    ["READER_TOKEN", undefined],
    ["READER_TOKEN", ""],
    ["WEBHOOK_DEBUG_MODE", "MARKER"],
    ["PROJECT_STATUS_PUBLIC", "TRUE"],
    ["PROJECT_STATUS_PUBLIC", "MARKER"],
    ["GITHUB_WEBHOOK_SECRET_PREVIOUS", 7],
    ["GRAINCHAIN_CALLBACK_SECRET_PREVIOUS", 7],
    ["GITHUB_WEBHOOK_SECRETS", "MARKER"],
    ["GITHUB_WEBHOOK_SECRETS", '{"MARKER"'],
    ["GITHUB_WEBHOOK_SECRETS", '"MARKER"'],
    ["GITHUB_WEBHOOK_SECRETS", '["MARKER"]'],
    ["GITHUB_WEBHOOK_SECRETS", "7"],
    ["GITHUB_WEBHOOK_SECRETS", "null"],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":""}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":7}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":["MARKER"]}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"MARKER with spaces":"MARKER"}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"MARKER/secret+given/as+label":"org"}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"MARKER":7}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"current":"MARKER"}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":{"secret":"MARKER"}}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":{"secret":"","repositories":["MARKER/*"]}}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":{"secret":"MARKER","repositories":[]}}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":{"secret":"MARKER","repositories":"MARKER/*"}}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":{"secret":"MARKER","repositories":["MARKER"]}}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":{"secret":"MARKER","repositories":["!MARKER/x"]}}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":{"secret":"MARKER","repos":["MARKER/*"],"repositories":["a/b"]}}'],
    ["GITHUB_WEBHOOK_SECRETS", '{"org":"MARKER-a","previous":"MARKER-b"}'],
    ["OPERATOR_TOKENS", '["MARKER"]'],
    ["OPERATOR_TOKENS", '{"MARKER with spaces":"MARKER"}'],
    ["OPERATOR_TOKENS", '{"alice":""}'],
    ["OPERATOR_TOKENS", '{"alice":"MARKER","operator":"MARKER-b"}'],
    ["READER_TOKENS", '{"reader":"MARKER"}'],
    ["READER_TOKENS", '{"alice":"MARKER","bob":"MARKER"}'],
    ["VALIDATE_PUSH_BRANCHES", 7],
    ["REPOSITORY_ALLOW", ["MARKER"]],
    ["REPOSITORY_DENY", null],
  ])("%s %j", (key, value) => {
    const error = refusal({ [key]: value });
    expect(error.keys).toEqual([key]);
    expect(error.message).toContain(key);
    expect(error.message).not.toContain("MARKER");
    for (const secret of Object.values(SECRETS)) expect(error.message).not.toContain(secret);
  });
});

test("a label of GITHUB_WEBHOOK_SECRETS that would stand for two secrets is reported as such", () => {
  expect(refusal({ GITHUB_WEBHOOK_SECRETS: '{"current":"x"}' }).message).toBe(
    "bad configuration: GITHUB_WEBHOOK_SECRETS (a label that another secret has)",
  );
  const { GITHUB_WEBHOOK_SECRETS } = readProducerConfig({
    ...ENV,
    GITHUB_WEBHOOK_SECRETS: '{"current-org":"x"}',
  });
  expect(GITHUB_WEBHOOK_SECRETS).toEqual([{ label: "current-org", secret: "x" }]);
});

test.each([
  ["GITHUB_WEBHOOK_SECRET", "MARKER\n", "has whitespace around it"],
  ["GITHUB_WEBHOOK_SECRET_PREVIOUS", "MARKER\n", "has whitespace around it"],
  ["GITHUB_WEBHOOK_SECRETS", '{"acme":"MARKER\\n"}', "an entry has whitespace around it"],
  ["GITHUB_WEBHOOK_SECRETS", '{"acme":"MARKER","app":" MARKER"}', "an entry has whitespace around it"],
  [
    "GITHUB_WEBHOOK_SECRETS",
    '{"acme":{"secret":"MARKER ","repositories":["acme/*"]}}',
    "an entry has whitespace around it",
  ],
  ["GRAINCHAIN_CALLBACK_SECRET", "MARKER\r\n", "has whitespace around it"],
  ["GRAINCHAIN_CALLBACK_SECRET_PREVIOUS", " MARKER", "has whitespace around it"],
  ["OPERATOR_TOKEN", "MARKER\n", "has whitespace around it"],
  ["OPERATOR_TOKENS", '{"alice":"MARKER\\n"}', "an entry has whitespace around it"],
  ["READER_TOKEN", "\tMARKER", "has whitespace around it"],
])("whitespace around what %s holds is refused and named: %j", (key, value, problem) => {
  expect(refusal({ [key]: value }).message).toBe(`bad configuration: ${key} (${problem})`);
});

test("lines around the JSON of GITHUB_WEBHOOK_SECRETS do not belong to a secret", () => {
  const { GITHUB_WEBHOOK_SECRETS } = readProducerConfig({
    ...ENV,
    GITHUB_WEBHOOK_SECRETS: '\n{\n  "acme": "one"\n}\n',
  });
  expect(GITHUB_WEBHOOK_SECRETS).toEqual([{ label: "acme", secret: "one" }]);
});

test.each([
  ["another entry", { b: "same" }, {}],
  ["another bound entry", { b: { secret: "same", repositories: ["octo/*"] } }, {}],
  ["the current secret", {}, { GITHUB_WEBHOOK_SECRET: "same" }],
  ["the previous secret", {}, { GITHUB_WEBHOOK_SECRET_PREVIOUS: "same" }],
])("a secret that is bound to repositories is refused if it is also that of %s", (_, more, others) => {
  const labeled = { acme: { secret: "same", repositories: ["acme/*"] }, ...more };
  expect(refusal({ GITHUB_WEBHOOK_SECRETS: JSON.stringify(labeled), ...others }).message).toBe(
    "bad configuration: GITHUB_WEBHOOK_SECRETS (a secret bound to repositories is there twice)",
  );
});

test("a rotation may set the same unbound secret twice on its way", () => {
  const { GITHUB_WEBHOOK_SECRET } = SECRETS;
  const config = readProducerConfig({ ...ENV, GITHUB_WEBHOOK_SECRET_PREVIOUS: GITHUB_WEBHOOK_SECRET });
  expect(webhookSecrets(config).map(({ label }) => label)).toEqual(["current", "previous"]);
});

test("every bad key is named at once", () => {
  expect(refusal({ READER_TOKEN: "", ENVIRONMENT: "x" }).keys).toEqual(["ENVIRONMENT", "READER_TOKEN"]);
});

test("secrets in force are the current one, the previous one and the labeled ones", () => {
  const config = readProducerConfig({
    ...ENV,
    GITHUB_WEBHOOK_SECRET_PREVIOUS: "before",
    GITHUB_WEBHOOK_SECRETS:
      '{"org-hook":"one","app.main":{"secret":"two","repositories":["acme/*","octo/app"]}}',
  });
  expect(webhookSecrets(config)).toEqual([
    { label: "current", secret: SECRETS.GITHUB_WEBHOOK_SECRET },
    { label: "previous", secret: "before" },
    { label: "org-hook", secret: "one" },
    { label: "app.main", secret: "two", repositories: ["acme/*", "octo/app"] },
  ]);
  expect(webhookSecrets(readProducerConfig(ENV))).toHaveLength(1);
});

test("a newline after the webhook secret is logged, because every delivery would fail with 401", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const env = { ...workerEnv, GITHUB_WEBHOOK_SECRET: "MARKER\n" };
  const request = new Request<unknown, IncomingRequestCfProperties>("https://gateway.test/health");

  await expectRefusal(await worker.fetch(request, env), 500, "internal_error");

  const line = String(logged.mock.calls[0]?.[0]);
  expect(JSON.parse(line)).toMatchObject({
    event: "config.bad",
    error: "bad configuration: GITHUB_WEBHOOK_SECRET (has whitespace around it)",
  });
  expect(line).not.toContain("MARKER");
});

test("the Worker accepts nothing with a bad configuration, and its log alone says why", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const env = { ...workerEnv, GITHUB_WEBHOOK_SECRET: "", READER_TOKEN: "MARKER", ENVIRONMENT: "MARKER" };
  const request = new Request<unknown, IncomingRequestCfProperties>("https://gateway.test/webhook/github", {
    method: "POST",
    body: "{}",
  });
  const response = await worker.fetch(request, env);
  const message = await expectRefusal(response, 500, "internal_error");
  expect(message).not.toContain("GITHUB_WEBHOOK_SECRET");
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "x-request-id": expect.stringMatching(/./),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
  });
  const line = String(logged.mock.calls[0]?.[0]);
  expect(JSON.parse(line)).toMatchObject({
    event: "config.bad",
    error: expect.stringMatching(/ENVIRONMENT.*GITHUB_WEBHOOK_SECRET/),
  });
  expect(line).not.toContain("MARKER");
});
