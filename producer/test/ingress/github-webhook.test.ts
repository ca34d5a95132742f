import { parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test, vi } from "vitest";
import { jsonOf, ORIGIN, refuseToSend, SECRETS, startApp } from "../support/app.ts";
import {
  brokenStream,
  type DeliveryOptions,
  delivery,
  sign,
  stalledStream,
  streamOf,
} from "../support/delivery.ts";
import { expectRefusal } from "../support/errors.ts";
import {
  check,
  comment,
  HEAD_SHA,
  mergeGroup,
  note,
  pullRequest,
  push,
  repository,
} from "../support/payloads.ts";
import { ROUTING_CASES } from "../support/routing-cases.ts";

const VALIDATES = { VALIDATE_PUSH_BRANCHES: "main, release/*" };
const TOO_LONG = String(25 * 1024 * 1024 + 1);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const OPENED = JSON.stringify(pullRequest("opened"));
const rightSignature = await sign(SECRETS.GITHUB_WEBHOOK_SECRET, OPENED);

describe("accepts", () => {
  test("a signed delivery, once its fact is queued", async () => {
    const app = startApp();
    const id = crypto.randomUUID();
    const response = await app.fetch(await delivery(pullRequest("opened"), { id }));
    expect(response.status).toBe(202);
    expect(response.headers.get("x-request-id")).not.toBeNull();
    expect(await jsonOf(response)).toEqual({
      success: true,
      message: "delivery accepted",
      delivery_id: id,
      validation_id: `35129377-pr-12-${HEAD_SHA}-1`,
    });
    expect(app.sent).toHaveLength(1);
    expect(parseFact(app.sent[0])).toMatchObject({
      v: 1,
      kind: "delivery",
      id,
      event: "pull_request",
      action: "opened",
      received_at: "2026-11-23T10:00:00.000Z",
      change: { type: "pull_request", number: 12, head_sha: HEAD_SHA },
    });
  });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "Application/JSON",
    " application/json ; x=y",
  ])("the content type %j", async (contentType) => {
    const response = await startApp().fetch(await delivery(pullRequest("opened"), { contentType }));
    expect(response.status).toBe(202);
  });

  test.each(["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=utf-8"])(
    "a form (%s), signed as a whole",
    async (contentType) => {
      const app = startApp();
      const ref = "a+b & c=d ü";
      const payload = JSON.stringify(pullRequest("opened", { head: { sha: HEAD_SHA, ref } }));
      const body = `other=1&${new URLSearchParams({ payload })}`;
      expect((await app.fetch(await delivery(body, { contentType }))).status).toBe(202);
      expect(parseFact(app.sent[0])).toMatchObject({ change: { head_ref: ref } });
    },
  );

  test("a form of some hundred KiB", async () => {
    const payload = JSON.stringify(pullRequest("opened", { body: "x".repeat(300_000) }));
    const contentType = "application/x-www-form-urlencoded";
    const body = String(new URLSearchParams({ payload }));
    expect((await startApp().fetch(await delivery(body, { contentType }))).status).toBe(202);
  });

  test("a body that starts with a byte order mark", async () => {
    const body = `\uFEFF${JSON.stringify(pullRequest("opened"))}`;
    expect((await startApp().fetch(await delivery(body))).status).toBe(202);
  });

  test.each([
    ["GITHUB_WEBHOOK_SECRET", SECRETS.GITHUB_WEBHOOK_SECRET, "current"],
    ["GITHUB_WEBHOOK_SECRET_PREVIOUS", "the one before", "previous"],
    ["GITHUB_WEBHOOK_SECRETS", "of the org", "org-hook"],
  ])("a delivery signed with %s, and logs its label", async (_, secret, label) => {
    const env = {
      GITHUB_WEBHOOK_SECRET_PREVIOUS: "the one before",
      GITHUB_WEBHOOK_SECRETS: '{"org-hook":"of the org"}',
    };
    const app = startApp({ env });
    expect((await app.fetch(await delivery(pullRequest("opened"), { secret }))).status).toBe(202);
    expect(app.lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ event: "delivery.accepted", secret: label }),
    );
  });

  test("the largest payload that GitHub sends", async () => {
    const app = startApp();
    const envelope = JSON.stringify(pullRequest("opened", { body: "" }));
    const filler = "x".repeat(25 * 1024 * 1024 - encode(envelope).byteLength);
    const body = JSON.stringify(pullRequest("opened", { body: filler }));
    expect(encode(body).byteLength).toBe(25 * 1024 * 1024);
    expect((await app.fetch(await delivery(body))).status).toBe(202);
  });
});

test("a delivery names its body and its secret by a digest, which is not the signature", async () => {
  const app = startApp({ env: { GITHUB_WEBHOOK_SECRET_PREVIOUS: "the one before" } });
  const send = async (body: unknown, options?: DeliveryOptions) => {
    await app.fetch(await delivery(body, options));
    return Object(parseFact(app.sent.at(-1)));
  };
  const opened = await send(OPENED);
  expect(opened.digest).toMatch(/^[0-9a-f]{32}$/);
  expect(rightSignature).not.toContain(opened.digest);
  expect(JSON.stringify(app.sent) + app.lines.join()).not.toContain(rightSignature.slice("sha256=".length));
  expect(await send(OPENED)).toMatchObject({ digest: opened.digest });
  for (const [body, secret] of [
    [`${OPENED} `, undefined],
    [OPENED, "the one before"],
  ]) {
    const { digest } = await send(body, secret === undefined ? {} : { secret });
    expect(digest).not.toBe(opened.digest);
  }
});

test("reads a delivery that follows one cut within a character", async () => {
  const app = startApp();
  const cut = new Uint8Array([...encode('{"a":"'), 0xe2, 0x82]);
  await expectRefusal(await app.fetch(await delivery(cut)), 400, "invalid_json");
  expect((await app.fetch(await delivery(pullRequest("opened", { body: "€" })))).status).toBe(202);
});

describe("refuses", () => {
  test("a body whose Content-Length is over the limit", async () => {
    const app = startApp();
    const request = await delivery(pullRequest("opened"), { headers: { "content-length": TOO_LONG } });
    await expectRefusal(await app.fetch(request), 413, "payload_too_large");
  });

  test.each([
    ["without a length", {}],
    ["with a lying length", { "content-length": "5" }],
    ["with a length that is not a number", { "content-length": "many" }],
  ])("a body that turns out too large, %s", async (_, headers) => {
    const request = new Request(`${ORIGIN}/webhook/github`, { method: "POST", headers, body: streamOf(26) });
    await expectRefusal(await startApp().fetch(request), 413, "payload_too_large");
  });

  test.each([
    ["is read to its end, so that its sender hears the answer", 30, 30],
    ["goes on and on is not", 80, 55],
  ])("a body that is too large and %s", async (_, mebibytes, atMost) => {
    let pulled = 0;
    const body = new ReadableStream({
      type: "bytes",
      pull(controller) {
        controller.enqueue(new Uint8Array(1024 * 1024));
        // It does end: a reader without a limit is to fail this test, not to exhaust the machine.
        if (++pulled === mebibytes) controller.close();
      },
    });
    const request = new Request(`${ORIGIN}/webhook/github`, { method: "POST", body });
    await expectRefusal(await startApp().fetch(request), 413, "payload_too_large");
    expect(pulled).toBeLessThanOrEqual(atMost);
    expect(pulled).toBeGreaterThanOrEqual(Math.min(mebibytes, 50));
  });

  test("a body whose Content-Length is over the limit, and that does not come", async () => {
    const { readable, writable } = new IdentityTransformStream();
    void writable.getWriter().write(encode("{}"));
    const request = new Request(`${ORIGIN}/webhook/github`, {
      method: "POST",
      headers: { "content-length": String(30 * 1024 * 1024) },
      body: readable,
    });
    await expectRefusal(await startApp().fetch(request), 413, "payload_too_large");
  });

  test("a truncated body, which is not blamed on D1 or the queue", async () => {
    const app = startApp();
    const request = new Request(`${ORIGIN}/webhook/github`, { method: "POST", body: brokenStream() });
    await expectRefusal(await app.fetch(request), 400, "invalid_body");
    expect(app.lines.map((line) => JSON.parse(line).level)).toEqual(["warn"]);
  });

  test.each([
    ["X-GitHub-Event", null],
    ["X-GitHub-Event", ""],
    ["X-GitHub-Delivery", null],
    ["X-GitHub-Delivery", ""],
  ])("a delivery whose %s is %j", async (name, value) => {
    const response = await startApp().fetch(
      await delivery(pullRequest("opened"), { headers: { [name]: value } }),
    );
    expect(await expectRefusal(response, 400, "missing_header")).toContain(name);
  });

  test.each([
    ["X-GitHub-Event", "pull request"],
    ["X-GitHub-Event", "<script>"],
    ["X-GitHub-Event", "x".repeat(65)],
    ["X-GitHub-Delivery", "a b"],
    ["X-GitHub-Delivery", "'; DROP TABLE deliveries"],
    ["X-GitHub-Delivery", "1".repeat(101)],
  ])("a %s that is none: %s", async (name, value) => {
    const app = startApp();
    const response = await app.fetch(await delivery(pullRequest("opened"), { headers: { [name]: value } }));
    expect(await expectRefusal(response, 400, "invalid_header")).toContain(name);
    expect(app.sent).toEqual([]);
  });

  test.each([
    null,
    "",
    "text/plain",
    "application/jsonp",
    "application/json-patch+json",
    "multipart/form-data",
    "json",
  ])("the content type %j", async (contentType) => {
    const request = await delivery(pullRequest("opened"), { headers: { "content-type": contentType } });
    await expectRefusal(await startApp().fetch(request), 415, "unsupported_media_type");
  });

  test.each([
    ["missing", { "x-hub-signature-256": null }],
    ["empty", { "x-hub-signature-256": "" }],
    ["malformed", { "x-hub-signature-256": "sha256=xyz" }],
    ["in upper case", { "x-hub-signature-256": rightSignature.toUpperCase().replace("SHA256", "sha256") }],
    ["wrong", { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }],
    ["behind junk", { "x-hub-signature-256": `junk${rightSignature}` }],
    ["SHA-1 only", { "x-hub-signature-256": null, "x-hub-signature": `sha1=${"a".repeat(40)}` }],
    ["in the header of SHA-1 only", { "x-hub-signature-256": null, "x-hub-signature": rightSignature }],
  ])("a signature that is %s", async (_, headers) => {
    const app = startApp();
    const response = await app.fetch(await delivery(pullRequest("opened"), { headers }));
    await expectRefusal(response, 401, "invalid_signature");
    expect(app.sent).toEqual([]);
  });

  test.each(["guess", SECRETS.GRAINCHAIN_CALLBACK_SECRET, SECRETS.OPERATOR_TOKEN])(
    "a signature with another secret, %s",
    async (secret) => {
      await expectRefusal(
        await startApp().fetch(await delivery(OPENED, { secret })),
        401,
        "invalid_signature",
      );
    },
  );

  test("a wrong signature of an event that is ignored", async () => {
    const request = await delivery(OPENED, { event: "star", secret: "guess" });
    await expectRefusal(await startApp().fetch(request), 401, "invalid_signature");
  });

  test("an empty body, although its signature is right", async () => {
    await expectRefusal(await startApp().fetch(await delivery("")), 401, "invalid_signature");
  });

  test("a request without a body", async () => {
    const request = await delivery("x");
    const bare = new Request(request.url, { method: "POST", headers: request.headers });
    await expectRefusal(await startApp().fetch(bare), 401, "invalid_signature");
  });

  test("a payload changed after it was signed", async () => {
    const request = await delivery(pullRequest("opened"));
    const changed = JSON.stringify(pullRequest("opened", { number: 13 }));
    const response = await startApp().fetch(
      new Request(request.url, { method: "POST", headers: request.headers, body: changed }),
    );
    await expectRefusal(response, 401, "invalid_signature");
  });

  test.each<[string, string | Uint8Array, DeliveryOptions]>([
    ["truncated JSON", '{"action":"opened"', {}],
    ["text", "hello", {}],
    ["white space", "  ", {}],
    ["two values", "{} {}", {}],
    ["bytes that are not UTF-8", new Uint8Array([...encode('{"a":"'), 0xff, ...encode('"}')]), {}],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), {}],
    ["two byte order marks", "\uFEFF\uFEFF{}", {}],
    ["a form sent as JSON", "payload=%7B%7D", {}],
    ["JSON sent as a form", "{}", { contentType: "application/x-www-form-urlencoded" }],
    ["a form without payload", "a=b", { contentType: "application/x-www-form-urlencoded" }],
    ["a form whose payload is empty", "payload=", { contentType: "application/x-www-form-urlencoded" }],
    [
      "a form that is not UTF-8",
      new Uint8Array([...encode("payload={}&x="), 0xff]),
      { contentType: "application/x-www-form-urlencoded" },
    ],
  ])("%s, correctly signed", async (_, body, options) => {
    const app = startApp();
    await expectRefusal(await app.fetch(await delivery(body, options)), 400, "invalid_json");
    expect(app.sent).toEqual([]);
  });

  test.each(["[", '{"pull_request":'])("deep nesting of %s without a crash", async (open) => {
    const close = open === "[" ? "]" : "}";
    const body = `${open.repeat(200_000)}1${close.repeat(200_000)}`;
    const response = await startApp().fetch(await delivery(body));
    expect([200, 400]).toContain(response.status);
  });

  test("fields that routing needs, by name and never by value", async () => {
    const app = startApp();
    const payload = pullRequest("opened", {
      number: "MARKER-1",
      head: { sha: "MARKER-2", ref: "topic" },
      updated_at: "MARKER-3",
    });
    const message = await expectRefusal(await app.fetch(await delivery(payload)), 400, "invalid_payload");
    expect(message).toContain("pull_request.number");
    expect(message).toContain("pull_request.head.sha");
    expect(message).toContain("pull_request.updated_at");
    expect(message + app.lines.join("")).not.toContain("MARKER");
    expect(app.sent).toEqual([]);
  });

  test.each(["null", "7", '"text"', "true"])("a payload that is %s", async (body) => {
    await expectRefusal(await startApp().fetch(await delivery(body)), 400, "invalid_payload");
  });

  test("a delivery that the queue does not take", async () => {
    const app = startApp({ onSend: refuseToSend });
    const response = await app.fetch(await delivery(pullRequest("opened")));
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectRefusal(response, 503, "queue_unavailable");
  });

  test("a ping that the queue does not take", async () => {
    const app = startApp({ onSend: refuseToSend });
    const response = await app.fetch(await delivery(note(undefined), { event: "ping" }));
    await expectRefusal(response, 503, "queue_unavailable");
  });
});

describe("the body of a stranger", () => {
  test.each([
    ["a missing", null],
    ["a malformed", "sha256=xyz"],
  ])("is not kept: %s signature", async (_, signature) => {
    const bytes = 3 * 1024 * 1024;
    const headers = { "x-hub-signature-256": signature, "content-length": String(bytes) };
    const request = await delivery("x".repeat(bytes), { headers });
    const kept = vi.spyOn(Request.prototype, "arrayBuffer");
    try {
      await expectRefusal(await startApp().fetch(request), 401, "invalid_signature");
      expect(kept).not.toHaveBeenCalled();
    } finally {
      kept.mockRestore();
    }
  });

  test("is refused before five of them fill an isolate, while small deliveries get through", async () => {
    const app = startApp();
    const finish = Promise.withResolvers<void>();
    const { headers, url } = await delivery("forged", { secret: "guess" });
    const upload = () =>
      app.fetch(new Request(url, { method: "POST", headers, body: stalledStream(20, finish.promise) }));
    const uploads = Array.from({ length: 5 }, upload);
    const first = await Promise.race(uploads);
    expect(Number(first.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectRefusal(first, 503, "overloaded");
    expect((await app.fetch(await delivery(pullRequest("opened")))).status).toBe(202);
    finish.resolve();
    const statuses = (await Promise.all(uploads)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 503]));
    expect((await upload()).status).toBe(401);
  });
});

describe("checks in the order of the contract", () => {
  const faults = [
    { code: "payload_too_large", options: { headers: { "content-length": TOO_LONG } } },
    { code: "missing_header", options: { headers: { "x-github-event": null } } },
    { code: "unsupported_media_type", options: { headers: { "content-type": "text/plain" } } },
    { code: "invalid_signature", options: { secret: "guess" } },
    { code: "invalid_json", body: "{" },
    { code: "invalid_payload", body: '{"action":"opened"}' },
    { code: "queue_unavailable", body: JSON.stringify(pullRequest("opened")) },
  ];
  const pairs = faults.flatMap((first, index) =>
    faults.slice(index + 1).map((second) => ({ code: first.code, other: second.code, first, second })),
  );

  test.each(pairs)("$code before $other", async ({ code, first, second }) => {
    const body = first.body ?? second.body ?? JSON.stringify(pullRequest("opened"));
    const headers = { ...first.options?.headers, ...second.options?.headers };
    const request = await delivery(body, { ...first.options, ...second.options, headers });
    const response = await startApp({ onSend: refuseToSend }).fetch(request);
    expect(await jsonOf(response)).toMatchObject({ error: { code } });
  });
});

describe("before the signature holds", () => {
  test.each([
    ["JSON", "application/json", JSON.stringify(pullRequest("opened"))],
    ["a form", "application/x-www-form-urlencoded", `payload=${JSON.stringify(pullRequest("opened"))}`],
  ])("nothing of %s is decoded or parsed", async (_, contentType, body) => {
    const parse = vi.spyOn(JSON, "parse");
    const decode = vi.spyOn(TextDecoder.prototype, "decode");
    const form = vi.spyOn(URLSearchParams.prototype, "get");
    const calls = () => parse.mock.calls.length + decode.mock.calls.length + form.mock.calls.length;
    try {
      const app = startApp();
      const unsigned = await delivery(body, { contentType, secret: "guess" });
      const signed = await delivery(body, { contentType });
      const before = calls();
      const refused = await app.fetch(unsigned);
      expect(calls()).toBe(before);
      const accepted = await app.fetch(signed);
      expect(calls()).toBeGreaterThan(before);
      expect([refused.status, accepted.status]).toEqual([401, 202]);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe("the acknowledgement", () => {
  test.each(ROUTING_CASES)("$name", async ({ event, payload, becomes }) => {
    const app = startApp({ env: VALIDATES });
    const id = crypto.randomUUID();
    const response = await app.fetch(await delivery(payload, { event, id }));
    const body = await jsonOf(response);
    expect(body).toMatchObject({ success: true, message: expect.any(String), delivery_id: id });
    if (typeof becomes === "string") {
      expect(response.status).toBe(200);
      expect(body.message).toContain(becomes);
      expect(app.sent).toEqual([]);
    } else {
      expect(response.status).toBe(event === "ping" ? 200 : 202);
      expect(app.sent).toHaveLength(1);
      expect(parseFact(app.sent[0])).toMatchObject({ id, event, change: becomes });
    }
  });

  test("of a ping says pong", async () => {
    const response = await startApp().fetch(
      await delivery({ zen: "Design for failure." }, { event: "ping" }),
    );
    expect(await jsonOf(response)).toMatchObject({ message: expect.stringContaining("pong") });
  });

  test("of an event that is not routed does not wait for the payload to be read", async () => {
    const response = await startApp().fetch(await delivery("no JSON at all", { event: "star" }));
    expect(response.status).toBe(200);
  });

  test.each([
    ["pull_request", pullRequest("opened"), `35129377-pr-12-${HEAD_SHA}-1`],
    ["pull_request", pullRequest("closed"), undefined],
    ["pull_request", pullRequest("reopened"), undefined],
    ["pull_request", pullRequest("ready_for_review"), `35129377-pr-12-${HEAD_SHA}-1`],
    ["merge_group", mergeGroup("checks_requested"), `35129377-mg-${HEAD_SHA.slice(0, 12)}-${HEAD_SHA}-1`],
    ["merge_group", mergeGroup("destroyed"), undefined],
    ["check_run", check("check_run", "rerequested"), undefined],
    ["issue_comment", comment("/validate"), undefined],
    ["push", push({ ref: "refs/heads/topic" }), undefined],
    ["push", push(), expect.stringMatching(/^35129377-push-[0-9a-f]{12}-a{40}-1$/)],
  ])("of %s names the validation where there is one (%#)", async (event, payload, id) => {
    const response = await startApp({ env: VALIDATES }).fetch(await delivery(payload, { event }));
    expect((await jsonOf(response)).validation_id).toEqual(id);
  });
});

describe("REPOSITORY_ALLOW and REPOSITORY_DENY", () => {
  test.each([
    ["", "", "octo/widgets", 202],
    ["octo/*", "", "octo/widgets", 202],
    ["octo/*", "", "Octo/Widgets", 202],
    ["OCTO/widgets", "", "octo/widgets", 202],
    ["octo/*", "", "octo/.github", 202],
    ["octo/*", "", "octopus/widgets", 200],
    ["a/*, octo/wid*", "", "octo/widgets", 202],
    ["octo/gadgets", "", "octo/widgets", 200],
    ["octo", "", "octo/widgets", 200],
    ["", "octo/widgets", "octo/widgets", 200],
    ["", "octo/WIDGETS", "octo/widgets", 200],
    ["", "octo/widgets", "octo/widgets-2", 202],
    ["octo/*", "*/widgets", "octo/widgets", 200],
    ["octo/*", "*/widgets", "octo/gadgets", 202],
    ["**", "", "octo/widgets", 202],
  ])("allow %j, deny %j: %s is answered %i", async (REPOSITORY_ALLOW, REPOSITORY_DENY, full_name, status) => {
    const app = startApp({ env: { REPOSITORY_ALLOW, REPOSITORY_DENY } });
    const payload = pullRequest("opened", {}, { repository: repository({ full_name }) });
    expect((await app.fetch(await delivery(payload))).status).toBe(status);
    expect(app.sent).toHaveLength(status === 202 ? 1 : 0);
  });
});

test("a redelivery is the same fact again, but for the time", async () => {
  const times = ["2026-11-23T10:00:00.000Z", "2026-11-24T10:00:00.000Z"];
  const facts = [];
  const id = crypto.randomUUID();
  for (const time of times) {
    const app = startApp({ now: () => new Date(time) });
    await app.fetch(await delivery(pullRequest("opened"), { id }));
    facts.push(parseFact(app.sent[0]));
  }
  expect(facts[1]).toEqual({ ...facts[0], received_at: times[1] });
});
