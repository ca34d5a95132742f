import { once } from "node:events";
import { expect, test } from "vitest";
import { type Check, runChecks, Unchecked } from "../../src/doctor/check.ts";
import { type Finding, named, ok } from "../../src/doctor/finding.ts";
import { GatewayError } from "../../src/exit.ts";
import { findingLines, summaryText } from "../../src/view/finding.ts";
import { plainScreen } from "../support/screen.ts";

const failing = (name: string, thrown: unknown): Check => ({ name, run: () => Promise.reject(thrown) });

test("makes every check, whatever the outcome of the others", async () => {
  const found = await runChecks([
    failing("first", new GatewayError("D1 is away")),
    failing("second", new Unchecked("no token is set", "set one")),
    failing("third", new TypeError("of a secret")),
    { name: "fourth", run: async () => [ok("well"), named("fifth", ok("very well"))] },
  ]);

  expect(found).toEqual([
    { check: "first", status: "warn", what: "not checked: D1 is away", fix: null },
    { check: "second", status: "warn", what: "not checked: no token is set", fix: "set one" },
    { check: "third", status: "warn", what: "not checked: the check itself failed (TypeError)", fix: null },
    { check: "fourth", status: "ok", what: "well", fix: null },
    { check: "fifth", status: "ok", what: "very well", fix: null },
  ]);
});

test("stops waiting when the time of a check is over, and aborts it", async () => {
  let aborted = false;
  const slow: Check = {
    name: "slow",
    timeoutMs: 20,
    async run(signal) {
      await once(signal, "abort");
      aborted = true;
      throw new Error("aborted");
    },
  };
  const deaf: Check = { name: "deaf", timeoutMs: 20, run: () => new Promise(() => undefined) };

  const found = await runChecks([slow, deaf]);

  expect(found.map(({ what }) => what)).toEqual([
    "not checked: no answer within 0.02 s",
    "not checked: no answer within 0.02 s",
  ]);
  expect(aborted).toBe(true);
});

test("prints no escape sequence of a finding", () => {
  const lines = findingLines([{ ...ok("\u001b[2J\u202egone"), check: "gateway" }], plainScreen(80));

  expect(lines).toEqual([expect.stringMatching(/^check/), expect.stringMatching(/^gateway +ok +gone$/)]);
});

test("counts the findings", () => {
  const found = (["ok", "warn", "fail"] as const).map(
    (status): Finding => ({ check: "a", status, what: "", fix: null }),
  );

  expect(summaryText(found)).toBe("1 ok, 1 warning, 1 failed");
});
