import { env } from "cloudflare:workers";
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { NO_RESULTS, NO_VERDICT } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { type CallbackFact, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { parseTime } from "@webhook-gateway/shared/text/utc-time.ts";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { jsonOf, NOW, refuseToSend, SECRETS, startApp, type TestApp } from "../support/app.ts";
import { AUTH_FORMS, callback, callbackBody, post, statusOf, VALIDATION_ID } from "../support/callback.ts";
import { brokenStream, sign, streamOf } from "../support/delivery.ts";
import { expectRefusal } from "../support/errors.ts";
import { insertValidation } from "../support/rows.ts";

const SECRET = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
const BODY = JSON.stringify(callbackBody());
const OTHER_ID = `35129377-pr-13-${"a".repeat(40)}-1`;
const token = await capabilityToken(SECRET, VALIDATION_ID);
const guessedToken = await capabilityToken("guess", VALIDATION_ID);
const signature = await sign(SECRET, BODY);
const longerBodySignature = await sign(SECRET, `${BODY} `);
const webhookSignature = await sign(SECRETS.GITHUB_WEBHOOK_SECRET, BODY);
const MIB = 1024 * 1024;

beforeAll(async () => {
  const row = { id: VALIDATION_ID, repository: "octo/widgets", created_at: NOW, state: "running" } as const;
  await insertValidation(env.DB, row);
});

function onlyFact(app: TestApp): CallbackFact {
  expect(app.sent).toHaveLength(1);
  const fact = parseFact(JSON.parse(JSON.stringify(app.sent[0])));
  if (fact?.kind !== "callback") throw new Error("what was queued is not a callback");
  return fact;
}

async function storedResults(id: string): Promise<string | undefined> {
  const row = await env.DB.prepare("SELECT results FROM callback_results WHERE id = ?1")
    .bind(id)
    .first<{ results: string }>();
  return row?.results;
}

describe.each(AUTH_FORMS)("by %s", (form) => {
  test("is taken once it is queued", async () => {
    const app = startApp();
    const response = await app.fetch(await callback(form));
    expect(response.status).toBe(statusOf(form));
    expect(response.headers.get("x-request-id")).not.toBeNull();
    expect(await jsonOf(response)).toEqual({ success: true, message: "Status update received" });
    const ours = form.startsWith("capability");
    expect(onlyFact(app)).toEqual({
      v: 1,
      kind: "callback",
      id: expect.any(String),
      received_at: "2026-11-23T10:00:00.000Z",
      id_kind: ours ? "ours" : "any",
      validation_id: ours ? VALIDATION_ID : "val_octo_widgets_12_1",
      grainchain_id: ours ? "val_octo_widgets_12_1" : null,
      project_id: "octo/widgets",
      pr_number: 12,
      status: "running",
      success: false,
      occurred_at: "2026-11-23T09:59:30.123Z",
      started_at: null,
      completed_at: null,
      error: null,
      results_stored: false,
    });
  });

  test("is refused with another secret", async () => {
    const app = startApp();
    await expectRefusal(await app.fetch(await callback(form, callbackBody(), "guess")), 401, "unauthorized");
    expect(app.sent).toEqual([]);
    expect(app.lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        event: "callback.unauthorized",
        capability: form.startsWith("capability"),
      }),
      expect.objectContaining({
        event: "access.refused",
        realm: "callback",
        area: form.startsWith("capability") ? "/callbacks" : "/webhook/status",
      }),
    ]);
  });

  test("is refused while the queue takes nothing", async () => {
    const response = await startApp({ onSend: refuseToSend }).fetch(await callback(form));
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectRefusal(response, 503, "queue_unavailable");
  });

  test("is refused if it is not JSON", async () => {
    await expectRefusal(await startApp().fetch(await callback(form, "{")), 400, "invalid_json");
  });

  test("is refused above 4 MiB", async () => {
    const right = await callback(form);
    const request = new Request(right.url, { method: "POST", headers: right.headers, body: streamOf(5) });
    await expectRefusal(await startApp().fetch(request), 413, "payload_too_large");
  });

  test("is refused when it ends before its end", async () => {
    const right = await callback(form);
    const request = new Request(right.url, { method: "POST", headers: right.headers, body: brokenStream() });
    await expectRefusal(await startApp().fetch(request), 400, "invalid_body");
  });
});

describe("is not authentic", () => {
  const unauthorized = async (request: Request) => {
    const app = startApp();
    const response = await app.fetch(request);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    await expectRefusal(response, 401, "unauthorized");
    expect(app.sent).toEqual([]);
  };

  test.each([
    ["nothing", {}],
    ["an empty bearer", { authorization: "Bearer " }],
    ["the secret without its scheme", { authorization: SECRET }],
    ["the secret as a Basic password", { authorization: `Basic ${btoa(`x:${SECRET}`)}` }],
    ["part of the secret", { authorization: `Bearer ${SECRET.slice(0, -1)}` }],
    ["the operator's token", { authorization: `Bearer ${SECRETS.OPERATOR_TOKEN}` }],
    ["the webhook secret", { authorization: `Bearer ${SECRETS.GITHUB_WEBHOOK_SECRET}` }],
    ["a malformed signature", { "x-grainchain-signature-256": "sha256=00" }],
    ["GitHub's header", { "x-hub-signature-256": signature }],
    ["a signature of another body", { "x-grainchain-signature-256": longerBodySignature }],
    [
      "a signature in upper case",
      { "x-grainchain-signature-256": signature.toUpperCase().replace("SHA256", "sha256") },
    ],
    ["a signature with the webhook secret", { "x-grainchain-signature-256": webhookSignature }],
  ])("with %s", async (_, headers) => {
    await unauthorized(post("/webhook/status", BODY, headers));
  });

  test.each([
    ["another validation's token", `/callbacks/${OTHER_ID}/${token}`],
    ["a token of another secret", `/callbacks/${VALIDATION_ID}/${guessedToken}`],
    ["a shortened token", `/callbacks/${VALIDATION_ID}/${token.slice(0, -1)}`],
    ["a lengthened token", `/callbacks/${VALIDATION_ID}/${token}A`],
    ["a padded token", `/callbacks/${VALIDATION_ID}/${token}=`],
    ["a token in other case", `/callbacks/${VALIDATION_ID}/${token.toLowerCase()}`],
    ["the secret as token", `/callbacks/${VALIDATION_ID}/${SECRET}`],
    ["the id in other case", `/callbacks/${VALIDATION_ID.toUpperCase()}/${token}`],
    ["id and token exchanged", `/callbacks/${token}/${VALIDATION_ID}`],
    ["an encoded slash in the id", `/callbacks/${VALIDATION_ID}%2F/${token}`],
  ])("with %s in the path", async (_, path) => {
    await unauthorized(post(path, BODY));
    await unauthorized(post(`${path}/webhook/status`, BODY));
  });

  test.each(["/webhook/status", `/callbacks/${VALIDATION_ID}/${guessedToken}`])(
    "at %s, and its body is not kept",
    async (path) => {
      const kept = vi.spyOn(Request.prototype, "arrayBuffer");
      try {
        await unauthorized(post(path, "x".repeat(5 * MIB), { "content-length": String(5 * MIB) }));
        expect(kept).not.toHaveBeenCalled();
      } finally {
        kept.mockRestore();
      }
    },
  );

  test("with a missing token in the path", async () => {
    const response = await startApp().fetch(post(`/callbacks/${VALIDATION_ID}`, BODY));
    await expectRefusal(response, 404, "not_found");
  });
});

test("any one of the forms is enough, whatever the others say", async () => {
  for (const headers of [
    { authorization: "Bearer wrong", "x-grainchain-signature-256": signature },
    { authorization: `bearer ${SECRET}`, "x-grainchain-signature-256": "sha256=00" },
  ]) {
    expect((await startApp().fetch(post("/webhook/status", BODY, headers))).status).toBe(202);
  }
});

test("a valid bearer token is enough if the path's token is wrong; then the body names the validation", async () => {
  const app = startApp();
  const headers = { authorization: `Bearer ${SECRET}` };
  expect((await app.fetch(post(`/callbacks/${OTHER_ID}/${token}`, BODY, headers))).status).toBe(200);
  expect(app.sent[0]).toMatchObject({ id_kind: "any", validation_id: JSON.parse(BODY).validation_id });
});

test("nothing of a callback is parsed before it is authentic", async () => {
  const request = await callback("signature", callbackBody(), "guess");
  const app = startApp();
  const parse = vi.spyOn(JSON, "parse");
  try {
    await app.fetch(request);
    expect(parse).not.toHaveBeenCalled();
  } finally {
    parse.mockRestore();
  }
});

test.each([
  ["beside the status", { started_at: "2026-11-23T09:58:00", completed_at: "2026-11-23T10:59:00+01:00" }, {}],
  ["in the results", {}, { started_at: "2026-11-23T09:58:00Z", completed_at: "2026-11-23T09:59:00Z" }],
  ["in the results of a failure", { started_at: "2026-11-23T09:58Z" }, { failed_at: "2026-11-23T09:59:00Z" }],
])("the times of the run are read %s", async (_, fields, results) => {
  const app = startApp();
  await app.fetch(await callback("capability", callbackBody({ ...fields, results })));
  expect(onlyFact(app)).toMatchObject({
    started_at: "2026-11-23T09:58:00.000Z",
    completed_at: "2026-11-23T09:59:00.000Z",
  });
});

describe("the id", () => {
  test.each([
    ["another validation's", "35129377-pr-99-x-1", "35129377-pr-99-x-1"],
    ["our own", VALIDATION_ID, null],
    ["none", null, null],
    ["of dots alone", "..", null],
    ["not an id", "a/../b", null],
    ["absent", undefined, null],
  ])("of the path wins when the body's is %s", async (_, validation_id, grainchainId) => {
    const app = startApp();
    await app.fetch(await callback("capability", callbackBody({ validation_id })));
    expect(onlyFact(app)).toMatchObject({
      id_kind: "ours",
      validation_id: VALIDATION_ID,
      grainchain_id: grainchainId,
    });
  });

  test.each([undefined, null, "", 7, "x".repeat(201)])(
    "of the body is needed without a path: %j",
    async (id) => {
      const response = await startApp().fetch(await callback("bearer", callbackBody({ validation_id: id })));
      expect(await expectRefusal(response, 400, "invalid_payload")).toContain("validation_id");
    },
  );
});

describe("the body", () => {
  test.each([
    ["project_id", undefined],
    ["project_id", 7],
    ["project_id", ""],
    ["project_id", "x".repeat(201)],
    ["pr_number", undefined],
    ["pr_number", "12"],
    ["pr_number", 1.5],
    ["pr_number", 2 ** 60],
    ["status", undefined],
    ["status", "done"],
    ["status", "COMPLETED"],
    ["status", ["completed"]],
    ["results", "MARKER"],
    ["results", 7],
    ["results", ["MARKER"]],
  ])("is refused for its %s %j, by name and never by value", async (field, value) => {
    const app = startApp();
    const body = callbackBody({ [field]: value, extra: "MARKER" });
    const message = await expectRefusal(
      await app.fetch(await callback("capability", body)),
      400,
      "invalid_payload",
    );
    expect(message).toContain(field);
    expect(message + app.lines.join("")).not.toContain("MARKER");
    expect(app.sent).toEqual([]);
  });

  test.each(["null", "[]", "7", '"text"'])("is refused when it is %s", async (body) => {
    await expectRefusal(await startApp().fetch(await callback("bearer", body)), 400, "invalid_payload");
  });

  test.each(["pending", "running", "completed", "failed", "cancelled"])("may say %s", async (status) => {
    const app = startApp();
    expect((await app.fetch(await callback("bearer", callbackBody({ status })))).status).toBe(202);
    expect(onlyFact(app).status).toBe(status);
  });

  test("may hold fields that are not known, which go nowhere", async () => {
    const app = startApp();
    const body = callbackBody({ sandbox: { token: "MARKER" }, v: 9, kind: "delivery", id_kind: "ours" });
    expect((await app.fetch(await callback("bearer", body))).status).toBe(202);
    expect(onlyFact(app)).toMatchObject({ v: 1, kind: "callback", id_kind: "any" });
    expect(JSON.stringify(app.sent)).not.toContain("MARKER");
  });

  test("needs no content type", async () => {
    const request = post("/webhook/status", JSON.stringify(callbackBody()), {
      authorization: `Bearer ${SECRET}`,
      "content-type": "text/plain",
    });
    expect((await startApp().fetch(request)).status).toBe(202);
  });

  test("says why a sandbox broke", async () => {
    const app = startApp();
    const results = { error: "no space left on device", failed_at: "2026-11-23T09:00:00Z" };
    await app.fetch(await callback("bearer", callbackBody({ status: "failed", results })));
    expect(onlyFact(app)).toMatchObject({ status: "failed", error: "no space left on device", results });
  });
});

test.each([
  ["no JSON", "{", { reason: "not JSON" }],
  ["a bad field", JSON.stringify(callbackBody({ status: "MARKER" })), { fields: "status" }],
])(
  "an authentic callback that is refused for %s is logged: its validation will time out",
  async (_, body, said) => {
    const app = startApp();
    await app.fetch(await callback("bearer", body));
    expect(app.lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: "warn", event: "callback.invalid", ...said }),
    ]);
  },
);

describe("the verdict", () => {
  test.each([
    [{ success: true }, true, null],
    [{ success: false, error: "2 tests" }, false, null],
    [{ success: true, test_results: { overall_success: false } }, false, null],
    [{ test_results: { lint: { status: "passed" } } }, true, null],
    [undefined, false, NO_RESULTS],
    [null, false, NO_RESULTS],
    [{}, false, NO_RESULTS],
    [{ success: null, test_results: [false] }, false, NO_VERDICT],
  ])("of %j is success: %s, and its error: %s", async (results, success, error) => {
    const app = startApp();
    await app.fetch(await callback("bearer", callbackBody({ status: "completed", results })));
    expect(onlyFact(app)).toMatchObject({ status: "completed", success, error });
  });

  test("is that of the whole results, though only a summary is kept of them", async () => {
    const app = startApp({ db: env.DB });
    const steps = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [
        `step-${index}`,
        { status: index === 99 ? "failed" : "passed" },
      ]),
    );
    const results = { output: "x".repeat(2 * MIB), test_results: steps };
    await app.fetch(await callback("capability", callbackBody({ status: "completed", results })));
    const fact = onlyFact(app);
    expect(fact).toMatchObject({ success: false, error: null });
    expect(fact.results ?? JSON.parse((await storedResults(fact.id)) ?? "")).toMatchObject({
      truncated: true,
      overall_success: false,
    });
  });
});

describe("results", () => {
  const send = async (app: TestApp, results: Readonly<Record<string, unknown>>) =>
    app.fetch(await callback("capability", callbackBody({ status: "completed", results })));

  test("up to 8 KiB travel in the fact, and D1 is not asked", async () => {
    const app = startApp();
    const results = { success: false, output: "x".repeat(8 * 1024 - 29) };
    expect(JSON.stringify(results)).toHaveLength(8 * 1024);
    expect((await send(app, results)).status).toBe(200);
    expect(onlyFact(app)).toMatchObject({ results, results_stored: false, success: false });
  });

  test("above 8 KiB wait in D1 under the fact's id, without an archive", async () => {
    const app = startApp({ db: env.DB });
    const results = { success: false, output: "é".repeat(MIB / 2 - 40) };
    expect((await send(app, results)).status).toBe(200);
    const fact = onlyFact(app);
    expect(fact).toMatchObject({ results_stored: true, success: false });
    expect(fact.results).toBeUndefined();
    expect(JSON.parse((await storedResults(fact.id)) ?? "")).toEqual(results);
  });

  test("above 1 MiB are cut to a summary that keeps the verdict", async () => {
    const app = startApp({ db: env.DB });
    const results = {
      success: false,
      sandbox_id: "sb-1",
      test_results: {
        overall_success: false,
        lint: { status: "failed", exit_code: 3, output: "y".repeat(2 * MIB) },
      },
    };
    expect((await send(app, results)).status).toBe(200);
    const fact = onlyFact(app);
    expect(fact.success).toBe(false);
    const kept = fact.results ?? JSON.parse((await storedResults(fact.id)) ?? "");
    expect(kept).toMatchObject({
      truncated: true,
      success: false,
      sandbox_id: "sb-1",
      test_results: { overall_success: false, lint: { status: "failed", exit_code: 3 } },
    });
  });

  test("in a body over 4 MiB are refused", async () => {
    await expectRefusal(await send(startApp(), { output: "z".repeat(4 * MIB) }), 413, "payload_too_large");
  });

  test("that D1 does not take are asked for again", async () => {
    const app = startApp();
    const response = await send(app, { output: "x".repeat(20_000) });
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectRefusal(response, 503, "storage_unavailable");
    expect(app.sent).toEqual([]);
  });

  test("nested deeper than D1 reads are cut to a summary", async () => {
    const app = startApp({ db: env.DB });
    const nested = `${"[".repeat(2000)}1${"]".repeat(2000)}`;
    const body = JSON.stringify(callbackBody({ status: "completed", results: "@" })).replace(
      '"@"',
      `{"success":false,"log":${nested}}`,
    );
    expect((await app.fetch(await callback("bearer", body))).status).toBe(202);
    expect(onlyFact(app)).toMatchObject({ success: false, results: { success: false, truncated: true } });
  });
});

describe("a timestamp", () => {
  test.each([
    ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z"],
    ["2026-11-23T10:00:00.5z", "2026-11-23T10:00:00.500Z"],
    ["2026-11-23T10:00:00.123456", "2026-11-23T10:00:00.123Z"],
    ["2026-11-23T10:00:00", "2026-11-23T10:00:00.000Z"],
    ["2026-11-23 10:00:00", "2026-11-23T10:00:00.000Z"],
    ["2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00.000Z"],
    ["2026-11-23T10:00:00-0130", "2026-11-23T11:30:00.000Z"],
    ["+010000-01-01T00:00:00Z", null],
    ["1969-12-31T23:59:59Z", null],
    ["2026-13-01T00:00:00Z", null],
    ["step 3", null],
    ["topic-3", null],
    ["soon", null],
    ["", null],
    [1_700_000_000, null],
    [null, null],
    [undefined, null],
    [{}, null],
  ])("%j is %j", (given, read) => {
    expect(parseTime(given)).toBe(read);
  });

  test("that is none refuses nothing", async () => {
    const app = startApp();
    expect((await app.fetch(await callback("bearer", callbackBody({ timestamp: 17 })))).status).toBe(202);
    expect(onlyFact(app).occurred_at).toBeNull();
  });
});
