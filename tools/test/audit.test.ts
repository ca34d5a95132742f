import { expect, test } from "vitest";
import { type AuditOutcome, auditOutcome } from "../check/audit.ts";

test.each<[string, number, string, AuditOutcome]>([
  ["nothing is known", 0, "No known vulnerabilities found\n", "passed"],
  ["what is known is not grave", 0, "│ low │ …\n1 vulnerabilities found\nSeverity: 1 low\n", "passed"],
  ["something grave is known", 1, "│ high │ …\n1 vulnerabilities found\nSeverity: 1 high\n", "failed"],
  ["the registry answers 405, no JSON, or not at all", 0, "", "not asked"],
  ["pnpm itself fails", 2, "", "failed"],
])("tells an audit where %s", (_, code, stdout, outcome) => {
  expect(auditOutcome(code, stdout)).toBe(outcome);
});
