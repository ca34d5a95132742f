import { env } from "cloudflare:workers";
import { createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { MAX_INLINE_RESULTS_BYTES, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { beforeEach, expect, test } from "vitest";
import { NOW, SECRETS, startApp, type TestAppOptions } from "../support/app.ts";
import { callbackBody, post } from "../support/callback.ts";
import { empty } from "../support/database.ts";
import { insertValidation } from "../support/rows.ts";

beforeEach(empty);

const secret = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
const LARGE = {
  success: false,
  test_results: { test: { status: "failed", exit_code: 1, output: "x".repeat(30_000) } },
};
const BROKEN = {
  put: () => Promise.reject(new Error("We encountered an internal error. (10001)")),
  get: () => Promise.reject(new Error("We encountered an internal error. (10001)")),
  delete: () => Promise.reject(new Error("We encountered an internal error. (10001)")),
};

/** What the archive has, as everything reads it. */
const stored = async (key: string) =>
  JSON.parse((await createArchive(env.ARCHIVE, { now: () => new Date(NOW) })?.get(key)) ?? "null");

/** Sends results of the validation `v-1`. @returns the answer's status and the fact */
async function send(results: object, options: TestAppOptions, bearer = false) {
  const app = startApp(options);
  const body = JSON.stringify(callbackBody({ status: "completed", validation_id: "v-1", results }));
  const path = bearer ? "/webhook/status" : `/callbacks/v-1/${await capabilityToken(secret, "v-1")}`;
  const response = await app.fetch(post(path, body, bearer ? { authorization: `Bearer ${secret}` } : {}));
  const fact = parseFact(app.sent[0]);
  const logged = app.lines.map((line) => JSON.parse(line)).at(-1)?.results;
  return { status: response.status, fact: fact?.kind === "callback" ? fact : undefined, logged };
}

test.each([
  ["capability", false, 200],
  ["bearer secret", true, 202],
])("large results go to the archive and D1 is not asked: %s", async (_, bearer, status) => {
  const sent = await send(LARGE, { bucket: env.ARCHIVE }, bearer);
  const key = `results/v-1/${sent.fact?.id}.json`;
  expect(sent).toMatchObject({
    status,
    logged: "archived",
    fact: { success: false, results_stored: false, results: { success: false, archived: key } },
  });
  expect(JSON.stringify(sent.fact?.results).length).toBeLessThanOrEqual(MAX_INLINE_RESULTS_BYTES);
  expect(await stored(key)).toEqual(LARGE);
});

test("small results stay in the fact, unless they name an object of their own", async () => {
  const small = { success: true, output: "ok" };
  expect((await send(small, { bucket: env.ARCHIVE })).fact?.results).toEqual(small);
  const forged = { ...small, archived: "results/v-2/c.json" };
  const { fact } = await send(forged, { bucket: env.ARCHIVE });
  expect(fact?.results).toEqual({ success: true, archived: `results/v-1/${fact?.id}.json` });
});

test("if the archive fails, D1 takes them, and if both do, the server has to send them again", async () => {
  await insertValidation(env.DB, {
    id: "v-1",
    repository: "octo/widgets",
    created_at: NOW,
    state: "running",
  });
  const sent = await send(LARGE, { bucket: BROKEN, db: env.DB });
  expect(sent).toMatchObject({ status: 200, logged: "stored", fact: { results_stored: true } });
  expect(await send(LARGE, { bucket: BROKEN })).toMatchObject({ status: 503, fact: undefined });
});

test("one validation writes no more than its limit to the archive: what is beyond it is the digest", async () => {
  const app = startApp({ bucket: env.ARCHIVE, limit: 1 });
  const path = `/callbacks/v-1/${await capabilityToken(secret, "v-1")}`;
  const body = JSON.stringify(callbackBody({ status: "running", results: LARGE }));
  for (let sent = 0; sent < 2; sent++) expect((await app.fetch(post(path, body))).status).toBe(200);
  const results = app.sent.map((fact) => Object(fact).results);
  expect(results[0]).toHaveProperty("archived");
  expect(results[1]).toMatchObject({ success: false, truncated: true });
  expect(results[1]).not.toHaveProperty("archived");
});
