import { env } from "cloudflare:workers";
import { parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { SECRETS, startApp } from "../../support/app.ts";
import { expectRefusal } from "../../support/errors.ts";

const OPERATOR = { authorization: `Bearer ${SECRETS.OPERATOR_TOKEN}` };

async function validation(id: string, state: string): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha,
       base_sha, run, cause, delivery_id, state, turn, created_at, updated_at, version)
     VALUES (?1, 1, 'octo/widgets', ?1, 'pull_request', 1, '', '', 'topic', ?1, '', 1, 'opened', 'd', ?2, 1, '', '', 1)`,
  )
    .bind(id, state)
    .run();
}

const cancel = (id: string, headers: Record<string, string> = OPERATOR) =>
  new Request(`http://gateway.test/api/validations/${id}/cancel`, { method: "POST", headers });

describe("an operator's cancel", () => {
  test("goes on the queue as a fact", async () => {
    await validation("live", "running");
    const app = startApp({ db: env.DB });

    const response = await app.fetch(cancel("live"));

    expect(response.status).toBe(202);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(app.sent).toHaveLength(1);
    expect(parseFact(app.sent[0])).toMatchObject({ kind: "order", order: "cancel", validation_id: "live" });
  });

  test("changes nothing if the validation has finished, and says so", async () => {
    await validation("done", "completed");
    const app = startApp({ db: env.DB });

    const response = await app.fetch(cancel("done"));

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      success: true,
      message: "the validation has already ended: completed",
    });
    expect(app.sent).toEqual([]);
  });

  test("is refused for a validation that is not there", async () => {
    await expectRefusal(await startApp({ db: env.DB }).fetch(cancel("nowhere")), 404, "not_found");
  });

  test.each([
    ["no token", {}, 401, "unauthorized"],
    ["a wrong token", { authorization: "Bearer wrong" }, 401, "unauthorized"],
    ["the reader's token", { authorization: `Bearer ${SECRETS.READER_TOKEN}` }, 403, "forbidden"],
  ])("is refused with %s", async (_, headers, status, code) => {
    const app = startApp({ db: env.DB });
    await expectRefusal(await app.fetch(cancel("live", headers)), status, code);
    expect(app.sent).toEqual([]);
  });
});

describe("an operator's approval", () => {
  const approve = (id: string, body?: object) =>
    new Request(`http://gateway.test/api/validations/${id}/approve`, {
      method: "POST",
      headers: OPERATOR,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  test.each([
    ["without a body", undefined, {}],
    ["with a reason", { reason: "reviewed" }, { reason: "reviewed" }],
  ])("of what is held goes on the queue as a fact, %s", async (name, body, fields) => {
    const id = `held ${name}`;
    await validation(id, "held");
    const app = startApp({ db: env.DB });

    expect((await app.fetch(approve(encodeURIComponent(id), body))).status).toBe(202);
    expect(parseFact(app.sent[0])).toMatchObject({ order: "approve", validation_id: id, ...fields });
  });

  test.each(["queued", "skipped"])("of what is %s is refused, and recorded", async (state) => {
    await validation(`not held: ${state}`, state);
    const app = startApp({ db: env.DB });

    await expectRefusal(await app.fetch(approve(encodeURIComponent(`not held: ${state}`))), 409, "not_held");
    expect(app.sent).toEqual([]);
    expect(
      await env.DB.prepare("SELECT action, outcome FROM operator_actions WHERE target = ?1")
        .bind(`not held: ${state}`)
        .first(),
    ).toEqual({ action: "approve", outcome: "refused" });
  });
});
