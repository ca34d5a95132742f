import { env } from "cloudflare:workers";
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { MAX_LATE_CALLBACKS } from "@webhook-gateway/shared/runs/callback-limits.ts";
import { expect, test } from "vitest";
import { NOW, SECRETS, startApp } from "../support/app.ts";
import { callbackBody, post } from "../support/callback.ts";
import { insertValidation } from "../support/rows.ts";

const results = { success: true, output: "x".repeat(20_000) };
const secret = SECRETS.GRAINCHAIN_CALLBACK_SECRET;

interface Ended {
  readonly finished_at?: string;
  readonly late_callbacks?: number;
  readonly late_results?: string;
}

/** A validation that is under way, or has ended. */
async function validation({ finished_at, late_callbacks = 0, late_results = "" }: Ended): Promise<string> {
  const state = finished_at === undefined ? "running" : "completed";
  const id = await insertValidation(env.DB, { repository: "octo/widgets", created_at: NOW, state });
  await env.DB.prepare(
    "UPDATE validations SET finished_at = ?2, late_callbacks = ?3, late_results = ?4 WHERE id = ?1",
  )
    .bind(id, finished_at ?? null, late_callbacks, late_results)
    .run();
  return id;
}

/** Sends large results. @returns the fact, what waits for it, and what was logged of them */
async function send(path: string, id: string, headers: Readonly<Record<string, string>> = {}) {
  const app = startApp({ db: env.DB });
  const body = JSON.stringify(callbackBody({ status: "completed", validation_id: id, results }));
  expect((await app.fetch(post(path, body, headers))).status).toBe(path === "/webhook/status" ? 202 : 200);
  const fact = parseFact(app.sent[0]);
  if (fact?.kind !== "callback") throw new Error("what was queued is not a callback");
  const { results: waiting } = await env.DB.prepare("SELECT results FROM callback_results WHERE id = ?1")
    .bind(fact.id)
    .all();
  const logged = app.lines.map((line) => JSON.parse(line).results);
  return { stored: fact.results_stored, waiting: waiting.length, logged };
}

const byCapability = async (id: string) => send(`/callbacks/${id}/${await capabilityToken(secret, id)}`, id);

test.each<[string, Ended]>([
  ["that is under way", {}],
  ["that has ended, and had no results since", { finished_at: NOW, late_callbacks: 3 }],
  ["that has had results of other statuses since", { finished_at: NOW, late_results: "running failed" }],
  ["that is under way again", { late_callbacks: MAX_LATE_CALLBACKS, late_results: "completed" }],
])("large results wait in D1 for a validation %s", async (_, ended) => {
  const sent = await byCapability(await validation(ended));
  expect(sent).toEqual({ stored: true, waiting: 1, logged: ["stored"] });
});

test.each<[string, Ended]>([
  ["has had results of this status since its end", { finished_at: NOW, late_results: "running completed" }],
  ["has had its callbacks since its end", { finished_at: NOW, late_callbacks: MAX_LATE_CALLBACKS }],
])("large results are not written, and the callback is taken, where the validation %s", async (_, ended) => {
  const sent = await byCapability(await validation(ended));
  expect(sent).toEqual({ stored: false, waiting: 0, logged: ["dropped"] });
});

test("large results are not written for a validation that is no longer kept", async () => {
  expect(await byCapability("expired")).toEqual({ stored: false, waiting: 0, logged: ["dropped"] });
});

test("by the secret itself they are, whatever the validation", async () => {
  const sent = await send("/webhook/status", "expired", { authorization: `Bearer ${secret}` });
  expect(sent).toEqual({ stored: true, waiting: 1, logged: ["stored"] });
});
