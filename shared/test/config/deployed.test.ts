import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/config/common.ts";
import { readConsumerConfig } from "../../src/config/consumer.ts";
import { readProducerConfig } from "../../src/config/producer.ts";

const secret = (name: string): string => name.padEnd(32, "-");
const PRODUCER = {
  ENVIRONMENT: "staging",
  GITHUB_WEBHOOK_SECRET: secret("webhook"),
  GRAINCHAIN_CALLBACK_SECRET: secret("callback"),
  OPERATOR_TOKEN: secret("operator"),
  READER_TOKEN: secret("reader"),
};
const CONSUMER = {
  ENVIRONMENT: "staging",
  GRAINCHAIN_CALLBACK_SECRET: secret("callback"),
  CLOUDFLARE_WORKER_URL: "https://gateway.test",
  GRAINCHAIN_API_URL: "https://grainchain.test",
};

function problemsOf(read: (env: unknown) => unknown, env: Readonly<Record<string, string>>) {
  try {
    read(env);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const value of Object.values(env))
      if (value.includes("-")) expect(thrown.message).not.toContain(value);
    return thrown.problems.map(({ key, problem }) => `${key}: ${problem}`);
  }
}

describe.each([
  [{}, []],
  [{ READER_TOKEN: "short" }, ["READER_TOKEN: shorter than 32 characters"]],
  [{ READER_TOKEN: PRODUCER.OPERATOR_TOKEN }, ["READER_TOKEN: the same as OPERATOR_TOKEN"]],
  [{ OPERATOR_TOKENS: '{"alice":"x"}' }, ["OPERATOR_TOKENS: shorter than 32 characters"]],
  [{ GITHUB_WEBHOOK_SECRETS: '{"app":"x"}' }, ["GITHUB_WEBHOOK_SECRETS: shorter than 32 characters"]],
  [
    { GRAINCHAIN_CALLBACK_SECRET: PRODUCER.GITHUB_WEBHOOK_SECRET },
    ["GRAINCHAIN_CALLBACK_SECRET: the same as GITHUB_WEBHOOK_SECRET"],
  ],
  // In the middle of a rotation.
  [{ GITHUB_WEBHOOK_SECRET_PREVIOUS: PRODUCER.GITHUB_WEBHOOK_SECRET }, []],
])("a deployed producer with %j", (over, problems) => {
  test("names what is wrong", () => {
    expect(problemsOf(readProducerConfig, { ...PRODUCER, ...over })).toEqual(problems);
  });

  test("may be like that in development", () => {
    const env = { ...PRODUCER, ...over, ENVIRONMENT: "development" };
    expect(problemsOf(readProducerConfig, env).filter((one) => /shorter|callback/i.test(one))).toEqual([]);
  });
});

const HTTP = { GRAINCHAIN_API_URL: "http://10.1.2.3:8080", GRAINCHAIN_ALLOW_HTTP: "true" };

test.each<[Record<string, string>, string[]]>([
  [{}, []],
  [{ GRAINCHAIN_API_KEY: "short" }, ["GRAINCHAIN_API_KEY: shorter than 32 characters"]],
  [{ ALERT_WEBHOOK_SECRET: "short" }, ["ALERT_WEBHOOK_SECRET: shorter than 32 characters"]],
  [{ EVENTS_SINK_SECRET: "short" }, ["EVENTS_SINK_SECRET: shorter than 32 characters"]],
  [
    { EVENTS_SINK_URL: "http://10.1.2.3/hook", EVENTS_SINK_SECRET: secret("sink") },
    ["EVENTS_SINK_URL: not https"],
  ],
  [{ EVENTS_SINK_URL: "https://events.test/hook" }, ["EVENTS_SINK_SECRET: missing"]],
  [{ CLOUDFLARE_WORKER_URL: "http://gateway.test" }, ["CLOUDFLARE_WORKER_URL: not https"]],
  [{ GITHUB_API_URL: "http://github.test/api/v3" }, ["GITHUB_API_URL: not https"]],
  [HTTP, []],
  [{ ...HTTP, GRAINCHAIN_ALLOW_HTTP: "false" }, ["GRAINCHAIN_API_URL: not https"]],
  [{ ...HTTP, GRAINCHAIN_API_URL: "http://grainchain.internal" }, []],
  [{ ...HTTP, GRAINCHAIN_API_URL: "http://[fd00::1]:8080" }, []],
  [{ ...HTTP, GRAINCHAIN_API_URL: "http://grainchain.test" }, ["GRAINCHAIN_API_URL: not https"]],
  [{ ...HTTP, GRAINCHAIN_API_URL: "http://10.example.com" }, ["GRAINCHAIN_API_URL: not https"]],
  [{ ...HTTP, GRAINCHAIN_API_URL: "http://172.32.0.1" }, ["GRAINCHAIN_API_URL: not https"]],
])("a deployed consumer with %j has %j", (over, problems) => {
  expect(problemsOf(readConsumerConfig, { ...CONSUMER, ...over })).toEqual(problems);
  const development = { ...CONSUMER, ...over, ENVIRONMENT: "development" };
  expect(problemsOf(readConsumerConfig, development)).toEqual([]);
});
