import { readProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { expect, test } from "vitest";
import { actorOf } from "../src/auth/caller.ts";
import { createTokens } from "../src/auth/tokens.ts";
import { SECRETS } from "./support/app.ts";

test.each([
  [SECRETS.OPERATOR_TOKEN, "operator:operator"],
  ["token-a", "operator:alice"],
  ["token-b", "operator:bob@example.com"],
  [SECRETS.READER_TOKEN, "reader:reader"],
  ["token-c", "reader:alice"],
  ["alice", undefined],
  ["", undefined],
  ["token-", undefined],
])("the token %s is the one of %s", async (token, actor) => {
  const config = readProducerConfig({
    ENVIRONMENT: "development",
    ...SECRETS,
    OPERATOR_TOKENS: '{"alice":"token-a","bob@example.com":"token-b"}',
    READER_TOKENS: '{"alice":"token-c"}',
  });
  const holder = await createTokens(config)(token);
  expect(holder && actorOf(holder)).toBe(actor);
});
