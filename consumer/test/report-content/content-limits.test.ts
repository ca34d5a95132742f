import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import type { ReportedRun } from "../../src/report/content.ts";
import { checkRunContent, commitStatusContent } from "../../src/report/content.ts";
import { bytesOf, detailsOf, failing, hostile, hostileDigest, reported, withoutCode } from "./support.ts";

const LIMIT = 65_535;
const check = (fields: Partial<ReportedRun>) => checkRunContent(reported(fields), detailsOf);

const FAILURE = { state: "completed", conclusion: "failure" } as const;

describe("whatever comes from outside", () => {
  const STATES = ["queued", "running", "completed", "failed", "cancelled", "timed_out", "dead"] as const;
  const kind = fc.constantFrom("pull_request", "merge_group", "push");
  const conclusion = fc.constantFrom("success", "failure", null);
  const other = fc.record({
    kind,
    number: fc.nat(),
    ref: hostile(),
    validation_id: fc.constant("7-pr-2-abc-1"),
    state: fc.constantFrom(...STATES),
    conclusion,
  });
  const anyReported = fc
    .record({
      state: fc.constantFrom(...STATES),
      conclusion,
      error: fc.option(hostile()),
      digest: hostileDigest,
      kind,
      ref: hostile(),
      others: fc.array(other, { maxLength: 20 }),
    })
    .map(reported);

  test("fits GitHub's limits", () => {
    fc.assert(
      fc.property(anyReported, (given) => {
        const { title, summary, text = "" } = checkRunContent(given, detailsOf).output;
        expect(bytesOf(title)).toBeLessThanOrEqual(255);
        expect(Math.max(bytesOf(summary), bytesOf(text))).toBeLessThanOrEqual(LIMIT);
        expect(bytesOf(commitStatusContent(given).description)).toBeLessThanOrEqual(140);
        for (const shown of [title, summary, text]) {
          expect(shown.isWellFormed()).toBe(true);
          expect(shown).not.toMatch(/[\p{Cf}\u2028\u2029]|(?![\n\t])\p{Cc}/u);
        }
      }),
      { numRuns: amount(300) },
    );
  });

  test("is shown as code, so that all Markdown is ours", () => {
    fc.assert(
      fc.property(anyReported, (given) => {
        const { summary, text = "" } = checkRunContent(given, detailsOf).output;
        for (const line of withoutCode(`${summary}\n\n${text}`)
          .replaceAll(/\[[Dd]etails\].*/g, "")
          .replaceAll(/#\d+/g, "#")
          .split("\n")) {
          expect(line).toMatch(/^(?:### |and )?[\w .,:;#'–⏭✅❌⌛❔|-]*$/u);
          if (line.startsWith("|")) expect(line.match(/\|/g)).toHaveLength(5);
        }
      }),
      { numRuns: amount(300) },
    );
  });

  test("fills the largest summary without going over", () => {
    const names = ["|", "`", "\\|", "漢", "🧪", "`|"].map((piece) => piece.repeat(200));
    for (const name of names) {
      const steps = Array.from({ length: 100 }, () => failing(name, name));
      const { summary, text = "" } = check({ ...FAILURE, digest: { steps, error: name } }).output;
      expect(bytesOf(summary)).toBeLessThanOrEqual(LIMIT / 3);
      expect(bytesOf(text)).toBeLessThanOrEqual(LIMIT);
    }
  });
});
