import { env } from "cloudflare:workers";
import { loadDue } from "@webhook-gateway/shared/store/claim/due.ts";
import { beforeEach, expect, test } from "vitest";
import { empty } from "../support/database.ts";
import { freshRepository, pullRequest } from "../support/facts.ts";
import { record } from "../support/recording.ts";

beforeEach(empty);

const NONE_DUE = {
  dispatch: false,
  cancel: false,
  reaction: false,
  approval: false,
  report: false,
  report_expired: false,
};
const NOW = "2026-11-01T00:00:00.000Z";

test.each([
  ["queued", "due_at = NULL", true],
  ["queued, whose backoff has ended", `due_at = '${NOW}'`, true],
  ["queued, whose backoff has not ended", "due_at = '2026-11-01T00:00:01.000Z'", false],
  ["leased, until before", "state = 'dispatching', lease_id = 'l', lease_until = '2026-10-31'", true],
  ["leased", "state = 'dispatching', lease_id = 'l', lease_until = '2026-11-02'", false],
])("a validation that is %s", async (_, changes, dispatch) => {
  await record([pullRequest(freshRepository())("opened", "a", 1)]);
  await env.DB.prepare(`UPDATE validations SET ${changes}`).run();
  await env.DB.prepare("UPDATE reports SET status = 'posted'").run();
  expect(await loadDue(env.DB, NOW)).toEqual({ ...NONE_DUE, dispatch });
});

test.each([
  ["that nobody posts", [], { report: true }],
  ["that is being posted", ["2026-11-02"], {}],
  ["whose lease has run out", ["2026-10-31"], { report: true, report_expired: true }],
])("a report %s", async (_, leases, due) => {
  await record([pullRequest(freshRepository())("opened", "a", 1)]);
  await env.DB.prepare("UPDATE validations SET state = 'running', due_at = NULL").run();
  for (const until of leases) {
    await env.DB.prepare(
      "INSERT INTO report_leases (id, until, reports) SELECT 'l', ?1, json_group_array(validation_id) FROM reports",
    )
      .bind(until)
      .run();
  }
  expect(await loadDue(env.DB, NOW)).toEqual({ ...NONE_DUE, ...due });
});

test.each([
  [
    "cancel",
    "cancels (validation_id, grainchain_id, reason, status, wanted_at, due_at) VALUES ('v', 'g', 'x',",
  ],
  [
    "reaction",
    "reactions (delivery_id, repository_id, repository, comment_id, content, status, wanted_at, due_at) VALUES ('d', 1, 'octo/r', 1, '+1',",
  ],
  [
    "approval",
    "approvals (delivery_id, repository_id, repository, login, fact, status, wanted_at, due_at) VALUES ('d', 1, 'octo/r', 'octocat', '{}',",
  ],
])("a %s that is due, and nothing before it is", async (effect, row) => {
  expect(await loadDue(env.DB, NOW)).toEqual(NONE_DUE);
  await env.DB.prepare(`INSERT INTO ${row} 'due', ?1, ?1)`).bind(NOW).run();
  expect(await loadDue(env.DB, NOW)).toEqual({ ...NONE_DUE, [effect]: true });
});
