import { env, exports } from "cloudflare:workers";
import { applyD1Migrations } from "cloudflare:test";
import { expect, test } from "vitest";

test("answers health", async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  const response = await exports.default.fetch("http://gateway.test/health");
  expect(await response.json()).toMatchObject({ status: "healthy" });
});
