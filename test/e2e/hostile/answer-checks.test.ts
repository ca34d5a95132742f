import { expect, test } from "vitest";
import { SECRETS } from "../support/gateway.ts";
import { leaksOf, problemsOf } from "./support/answer-checks.ts";
import { type Answer, type Attack, hmac, MARKER } from "./support/attack.ts";

const ID = "0123abcd-0123";
const ATTACK: Attack = {
  ...{ method: "POST", path: "/webhook/github", headers: {} },
  body: Buffer.from(`{"zen":"${MARKER}"}`),
};
const HEADERS = {
  ...{ "x-request-id": ID, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" },
  "content-type": "application/json",
};

/** The body of a refusal. */
const refusal = (error: unknown, requestId = ID): string =>
  JSON.stringify({ success: false, error, request_id: requestId });
const UNAUTHORIZED = refusal({ code: "unauthorized", message: "the signature is wrong" });

const answer = (over: Partial<Answer> = {}): Answer => ({
  ...{ status: 401, headers: HEADERS, text: UNAUTHORIZED },
  ...over,
});
const without = (name: string) => answer({ headers: { ...HEADERS, [name]: undefined } });

test("finds nothing wrong with a documented answer", () => {
  expect(problemsOf(ATTACK, answer())).toEqual([]);
});

// That the checks find nothing proves something only if they find what is wrong.
test.each<[string, Answer, RegExp]>([
  ["a status that is not documented", answer({ status: 500 }), /500 is not documented/],
  ["no request id", without("x-request-id"), /no x-request-id/],
  ["no protection against guessed content types", without("x-content-type-options"), /no nosniff/],
  ["no referrer policy", without("referrer-policy"), /no referrer policy/],
  ["no time for the next try", answer({ status: 429 }), /429 without Retry-After/],
  ["no body", answer({ text: "" }), /an answer without a body/],
  [
    "a page instead of JSON",
    answer({ headers: { ...HEADERS, "content-type": "text/html" } }),
    /is text\/html/,
  ],
  [
    "another request's id",
    answer({ text: refusal({ code: "x", message: "x" }, "other") }),
    /documented form/,
  ],
  ["no error in a refusal", answer({ text: refusal(undefined) }), /documented form/],
  ["sent text", answer({ text: refusal({ code: "x", message: MARKER }) }), /holds sent text/],
  [
    "the signature that it should have had",
    answer({ text: refusal({ code: "x", message: hmac(SECRETS.GITHUB_WEBHOOK_SECRET, ATTACK.body) }) }),
    /holds a signature/,
  ],
])("finds an answer with %s", (_, given, expected) => {
  expect(problemsOf(ATTACK, given).join("\n")).toMatch(expected);
});

test.each([
  ["405 without what is allowed", { ...ATTACK, method: "GET" }, answer({ status: 405 }), /405 without Allow/],
  ["a page without a policy", { ...ATTACK, path: "/dashboard" }, answer(), /no policy for a page/],
])("finds %s", (_, attack, given, expected) => {
  expect(problemsOf(attack, given).join("\n")).toMatch(expected);
});

test.each([
  ["a secret", `token ${SECRETS.OPERATOR_TOKEN}`, "OPERATOR_TOKEN"],
  ["a secret in hex", Buffer.from(SECRETS.READER_TOKEN).toString("hex"), "READER_TOKEN"],
  ["a secret in base64", btoa(SECRETS.GITHUB_WEBHOOK_SECRET), "GITHUB_WEBHOOK_SECRET"],
  ["sent text", `x${MARKER}x`, "sent text"],
  [
    "a location in the code",
    "Error: x\n    at f (file:///producer/src/app.ts:1:2)",
    "a location in the code",
  ],
])("finds %s in a text", (_, text, leak) => {
  expect(leaksOf(text).join()).toContain(leak);
  expect(leaksOf("nothing")).toEqual([]);
});
