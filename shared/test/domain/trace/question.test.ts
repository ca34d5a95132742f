import { expect, test } from "vitest";
import { parseTraceQuestion } from "../../../src/domain/trace/question.ts";

const SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

test.each([
  [
    "72D3162E-cc78-11e3-81ab-4c9367dc0958",
    { kind: "delivery", guid: "72d3162e-cc78-11e3-81ab-4c9367dc0958" },
  ],
  [`1-pr-12-${SHA}-1`, { kind: "validation", id: `1-pr-12-${SHA}-1` }],
  [`1-mg-6dcb09b5b578-${SHA}-2`, { kind: "validation", id: `1-mg-6dcb09b5b578-${SHA}-2` }],
  ["acme/widgets#12", { kind: "pull_request", repository: "acme/widgets", number: 12 }],
  [
    "  https://github.com/acme/widgets.js/pull/12/files?w=1 ",
    { kind: "pull_request", repository: "acme/widgets.js", number: 12 },
  ],
  [
    "https://github.example.com/acme/widgets/pull/3",
    { kind: "pull_request", repository: "acme/widgets", number: 3 },
  ],
  [SHA, { kind: "sha", sha: SHA }],
  ["6DCB09B", { kind: "sha", sha: "6dcb09b" }],
  ["made-by-hand", { kind: "delivery", guid: "made-by-hand" }],
])("%s", (text, question) => {
  expect(parseTraceQuestion(text)).toEqual(question);
});

test.each([
  "",
  "acme/widgets",
  "acme/widgets#",
  "https://github.com/acme/widgets",
  "what is this?",
  "<script>",
  "' OR 1=1",
])("%j is none of the forms", (text) => {
  expect(parseTraceQuestion(text)).toBeUndefined();
});
