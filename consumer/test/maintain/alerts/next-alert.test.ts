import { describe, expect, test } from "vitest";
import { nextAlert } from "../../../src/maintain/next-alert.ts";
import { second } from "../../support/facts.ts";

describe("an alert", () => {
  const NOW = second(100);
  const over = { holds: false, text: "over" };
  const told = {
    state: "firing",
    text: "x",
    since: second(0),
    told: "firing",
    attempts: 3,
    due_at: second(9),
  };
  test.each([
    ["of what never held is none", undefined, over, undefined],
    [
      "begins",
      undefined,
      { holds: true, text: "x" },
      { state: "firing", text: "x", since: NOW, told: null, attempts: 0, due_at: NOW },
    ],
    ["stays as it is while the condition holds", told, { holds: true, text: "y" }, told],
    [
      "ends with what is so instead",
      told,
      over,
      { ...told, state: "resolved", text: "over", since: NOW, attempts: 0, due_at: NOW },
    ],
    ["that has ended stays so", { ...told, state: "resolved" }, over, { ...told, state: "resolved" }],
    [
      "begins again with a text of its own",
      { ...told, state: "resolved" },
      { holds: true, text: "y" },
      { ...told, state: "firing", text: "y", since: NOW, attempts: 0, due_at: NOW },
    ],
  ])("%s", (_, before, found, after) => {
    expect(nextAlert(before as Parameters<typeof nextAlert>[0], found, NOW)).toEqual(after);
  });
});
