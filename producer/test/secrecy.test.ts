import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { describe, expect, test } from "vitest";
import { ORIGIN, refuseToSend, SECRETS, startApp, type TestAppOptions } from "./support/app.ts";
import { AUTH_FORMS, callback, callbackBody, post, VALIDATION_ID } from "./support/callback.ts";
import { type DeliveryOptions, delivery } from "./support/delivery.ts";
import { pullRequest, push } from "./support/payloads.ts";

/** Stands wherever a payload has text that is nobody's business. */
const MARKER = "MARKER";

const marked = (over = {}) =>
  pullRequest(
    "opened",
    {
      title: MARKER,
      body: MARKER,
      user: { email: MARKER },
      head: { sha: "a".repeat(40), ref: MARKER },
      ...over,
    },
    { organization: { description: MARKER } },
  );

interface Case {
  readonly name: string;
  readonly request: () => Promise<Request>;
  readonly options?: TestAppOptions;
}

const delivered = (
  name: string,
  payload: unknown,
  over: DeliveryOptions = {},
  options?: TestAppOptions,
): Case => ({
  name,
  request: () => delivery(payload, over),
  ...(options === undefined ? {} : { options }),
});

const previous = "the-previous-secret";
const labeled = "a-labeled-secret";
const rotating = {
  GITHUB_WEBHOOK_SECRET_PREVIOUS: previous,
  GITHUB_WEBHOOK_SECRETS: JSON.stringify({ org: labeled }),
  GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: previous,
};

const deliveries: readonly Case[] = [
  delivered("an accepted delivery", marked()),
  delivered("a delivery with the previous secret", marked(), { secret: previous }, { env: rotating }),
  delivered("a delivery with a labeled secret", marked(), { secret: labeled }, { env: rotating }),
  delivered("an ignored delivery", { action: MARKER, a: MARKER }, { event: "star" }),
  delivered("an ignored push", push({ head_commit: { message: MARKER } }), { event: "push" }),
  delivered("a wrong signature", marked(), { secret: "guess" }),
  delivered("a limited one", marked(), { secret: "guess" }, { limit: 0 }),
  delivered("a SHA-1 signature", marked(), {
    headers: { "x-hub-signature-256": null, "x-hub-signature": MARKER },
  }),
  delivered("another content type", marked(), { headers: { "content-type": `text/${MARKER}` } }),
  delivered("a missing header", marked(), { headers: { "x-github-event": null } }),
  delivered("no JSON", `${MARKER}{`),
  delivered("an invalid payload", marked({ number: MARKER, updated_at: MARKER, html_url: MARKER })),
  delivered("a broken queue", marked(), {}, { onSend: refuseToSend }),
  delivered("one too large", marked(), { headers: { "content-length": "99999999" } }),
];

const callbackWith = (results: unknown) =>
  callbackBody({ status: "failed", results, validation_id: "v1", extra: MARKER });

const callbacks: readonly Case[] = AUTH_FORMS.flatMap((form) => [
  { name: `a callback by ${form}`, request: () => callback(form, callbackWith({ output: MARKER })) },
  {
    name: `a callback by ${form} with the previous secret`,
    request: () => callback(form, callbackWith({ output: MARKER }), previous),
    options: { env: rotating },
  },
  { name: `a forged callback by ${form}`, request: () => callback(form, callbackWith({}), "guess") },
  { name: `an invalid callback by ${form}`, request: () => callback(form, callbackBody({ status: MARKER })) },
  { name: `a callback by ${form} that is not JSON`, request: () => callback(form, `${MARKER}{`) },
  {
    name: `a callback by ${form} whose results D1 refuses`,
    request: () => callback(form, callbackWith({ output: MARKER.repeat(5000) })),
  },
  {
    name: `a callback by ${form} that the queue refuses`,
    request: () => callback(form, callbackWith({ output: MARKER })),
    options: { onSend: refuseToSend },
  },
]);

const ask =
  (path: string, init: RequestInit = {}) =>
  async () =>
    new Request(ORIGIN + path, init);
const capability = `/callbacks/${VALIDATION_ID}/${await capabilityToken(SECRETS.GRAINCHAIN_CALLBACK_SECRET, VALIDATION_ID)}`;
const bearer = { authorization: `Bearer ${SECRETS.OPERATOR_TOKEN}` };

const others: readonly Case[] = [
  { name: "a GET of a capability", request: ask(capability) },
  { name: "a path below a capability", request: ask(`${capability}/more`) },
  { name: "a capability and a query", request: async () => post(`${capability}?token=${MARKER}`, MARKER) },
  {
    name: "a project status that breaks",
    request: ask("/webhook/projects/octo/widgets/status", { headers: bearer }),
  },
  {
    name: "a wrong token",
    request: ask("/webhook/projects/o/w/status", { headers: { authorization: `Bearer ${MARKER}` } }),
  },
  { name: "an unhealthy gateway", request: ask("/health", { headers: bearer }) },
  { name: "an unknown path", request: ask(`/${MARKER}?x=${MARKER}`, { headers: bearer }) },
];

/** Whatever of a request must stay where it is. */
async function secretsOf(request: Request): Promise<string[]> {
  const signatures = ["x-hub-signature-256", "x-grainchain-signature-256"].flatMap((name) => {
    const hex = request.headers.get(name)?.split("=")[1];
    return hex === undefined ? [] : [hex];
  });
  const token = /^\/callbacks\/[^/]+\/([^/]+)/.exec(new URL(request.url).pathname)?.[1];
  const expected = await capabilityToken(SECRETS.GRAINCHAIN_CALLBACK_SECRET, VALIDATION_ID);
  return [...Object.values(SECRETS), ...signatures, previous, labeled, expected, token ?? expected, MARKER];
}

describe("no secret, token, signature or text of a payload is returned or logged by", () => {
  test.each([...deliveries, ...callbacks, ...others])("$name", async ({ request: make, options }) => {
    const app = startApp(options);
    const request = await make();
    const secrets = await secretsOf(request);
    const response = await app.fetch(request);
    const headers = JSON.stringify([...response.headers]);
    const told = [headers, await response.text(), ...app.lines].join("\n");
    for (const secret of secrets) expect(told).not.toContain(secret);
  });
});

test("every delivery with its headers is one line of log, with its ids", async () => {
  for (const [options, event] of [
    [{}, "delivery.accepted"],
    [{ event: "star" }, "delivery.ignored"],
    [{ secret: "guess" }, "delivery.unsigned"],
  ] as const) {
    const app = startApp();
    const id = crypto.randomUUID();
    const response = await app.fetch(await delivery(marked(), { ...options, id }));
    const lines = app.lines.map((line) => JSON.parse(line));
    expect(lines.filter((line) => line.event !== "access.refused")).toEqual([
      expect.objectContaining({
        event,
        delivery_id: id,
        request_id: response.headers.get("x-request-id"),
        github_event: "event" in options ? "star" : "pull_request",
      }),
    ]);
  }
});
