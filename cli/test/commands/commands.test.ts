import { actionItem } from "@webhook-gateway/shared/api/action.ts";
import { auditItem } from "@webhook-gateway/shared/api/audit.ts";
import {
  deadLetterDetail,
  deadLetterItem,
  deadLetterPreview,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import { deliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import { flakeItem } from "@webhook-gateway/shared/api/flake.ts";
import { overview } from "@webhook-gateway/shared/api/overview.ts";
import { pageOf } from "@webhook-gateway/shared/api/page.ts";
import { pauseItem, resumeAnswer } from "@webhook-gateway/shared/api/pause.ts";
import { reconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import { replayItem } from "@webhook-gateway/shared/api/replay.ts";
import { trace } from "@webhook-gateway/shared/api/trace.ts";
import { commandAnswer, validationDetail, validationItem } from "@webhook-gateway/shared/api/validation.ts";
import * as v from "valibot";
import { expect, test } from "vitest";
import { waitUntil } from "../../../test/support/patience.ts";
import { projectStatus } from "../../src/api/project-status.ts";
import {
  AT,
  GUID,
  makeAudit,
  makeDeadLetter,
  makeDeadLetterDetail,
  makeDelivery,
  makeDetail,
  makeOverview,
  makeReconcile,
  makeReplay,
  makeTrace,
  makeValidation,
  SHA,
  VALIDATION_ID,
} from "../support/items.ts";
import { page, type Replies, refused, startOperatorServer } from "../support/operator-server.ts";

const PROJECT = {
  project_id: "acme/widgets",
  webhook_configured: true,
  last_event: { id: GUID, event: "pull_request", action: "opened", received_at: AT },
  status: "active",
  counts: { queued: 1, running: 2, completed: 3, failed: 4 },
  validations: [
    {
      id: VALIDATION_ID,
      pr_number: 12,
      head_sha: SHA,
      state: "completed",
      conclusion: "failure",
      created_at: AT,
      finished_at: AT,
    },
  ],
};
const ORDERED = { success: true, message: "it will be done", validation_id: VALIDATION_ID };
const PREVIEW = { dry_run: true, total: 1, sample: [makeDeadLetter()] };

const PAUSE = {
  ...{ repository: "acme/widgets", paused_at: AT, until: null },
  ...{ actor: "operator:alice", reason: "an upgrade" },
};

const REPLIES: Replies = {
  "GET /api/status": { body: makeOverview({ pauses: [PAUSE] }) },
  "GET /webhook/projects/acme/widgets/status": { body: PROJECT },
  "GET /api/trace": { body: makeTrace() },
  "GET /api/deliveries": page([makeDelivery()]),
  "GET /api/validations": page([makeValidation()]),
  [`GET /api/validations/${VALIDATION_ID}`]: { body: makeDetail() },
  [`POST /api/validations/${VALIDATION_ID}/rerun`]: { status: 202, body: ORDERED },
  [`POST /api/validations/${VALIDATION_ID}/cancel`]: { body: ORDERED },
  "GET /api/dead-letters": page([makeDeadLetter()]),
  "GET /api/dead-letters/dl-1": { body: makeDeadLetterDetail({ body: '{"event":"push"}' }) },
  "POST /api/replays": { body: PREVIEW },
  "POST /api/dead-letters/discard": { body: PREVIEW },
  "GET /api/replays": page([makeReplay()]),
  "GET /api/replays/replay-1": { body: makeReplay() },
  "POST /api/replays/replay-1/cancel": { body: makeReplay({ status: "cancelled" }) },
  "POST /api/reconciles": { status: 202, body: makeReconcile({ status: "done", listed: 9 }) },
  "POST /api/audits": {
    status: 202,
    body: makeAudit({
      ...{ status: "done", audited: 9, unchanged: 7, missing: 1, recorded: 1 },
      found: [{ repository: "acme/widgets", number: 12, head_sha: "6dcb09b".padEnd(40, "0"), what: "new" }],
    }),
  },
  "POST /api/pauses": { body: PAUSE },
  "POST /api/pauses/resume": {
    body: { success: true, message: "the pause of acme/widgets has ended", repository: "acme/widgets" },
  },
  "GET /api/flakes": page([
    {
      ...{ repository: "acme/widgets", step: "unit tests", commits: 2, passed: 3, failed: 4 },
      ...{ last_at: AT, head_sha: "6dcb09b5", failed_validation_id: VALIDATION_ID },
    },
  ]),
  "GET /api/actions": page([
    {
      ...{ id: "action-1", at: AT, actor: "operator:alice", action: "cancel", target: VALIDATION_ID },
      ...{ reason: "the validation no longer exists", outcome: "refused" },
    },
  ]),
};

/** Every command that asks, with the schema that its document has, and something that its table shows. */
const COMMANDS: readonly (readonly [command: string, schema: v.GenericSchema, shown: string])[] = [
  ["status", overview, "gate grainchain  open"],
  ["status acme/widgets", projectStatus, "1 queued, 2 running, 3 completed, 4 failed"],
  ["trace acme/widgets#12", trace, "acme/widgets #12  6dcb09b  run 1"],
  ["deliveries list", pageOf(deliveryItem), GUID],
  ["validations list", pageOf(validationItem), VALIDATION_ID],
  [`validations show ${VALIDATION_ID}`, validationDetail, "report to GitHub"],
  [`validations rerun ${VALIDATION_ID}`, commandAnswer, ""],
  [`validations cancel ${VALIDATION_ID}`, commandAnswer, ""],
  ["dlq list", pageOf(deadLetterItem), "dl-1"],
  ["dlq show dl-1", deadLetterDetail, "16 characters; --raw prints them"],
  ["dlq replay --all --dry-run", deadLetterPreview, "1 dead letter to replay:"],
  ["dlq discard dl-1 --dry-run", deadLetterPreview, "1 dead letter to discard:"],
  ["replays list", pageOf(replayItem), "0/2"],
  ["replays show replay-1", replayItem, "0 of 2 done"],
  ["replays cancel replay-1", replayItem, "cancelled"],
  ["reconcile", reconcileItem, "listed   9"],
  ["audit", auditItem, "9, 7 unchanged"],
  ["audit acme/widgets --dry-run", auditItem, "head never seen"],
  ["flakes --repo acme/widgets --since 2026-11-24", pageOf(flakeItem), "unit tests  acme/widgets"],
  ["pause acme/widgets --for 2h", pauseItem, ""],
  ["resume acme/widgets", resumeAnswer, ""],
  ["actions list", pageOf(actionItem), "operator:alice"],
];

test.each(COMMANDS)("prints one JSON document of a known shape: %s", async (command, schema) => {
  const server = await startOperatorServer(REPLIES);

  const ran = await server.run(...command.split(" "), "--output", "json");

  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout.trimEnd().split("\n")).toHaveLength(1);
  const document: unknown = JSON.parse(ran.stdout);
  expect(v.is(schema, document)).toBe(true);
});

test.each(COMMANDS)("prints for a person: %s", async (command, _, shown) => {
  const server = await startOperatorServer(REPLIES);

  const ran = await server.run(...command.split(" "));

  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain(shown);
  for (const line of ran.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("shows the status again and again until Ctrl-C, whatever fails in between", async () => {
  const server = await startOperatorServer({
    "GET /api/status": [
      { body: makeOverview() },
      refused(503, "storage_unavailable", "D1 does not answer"),
      { body: makeOverview() },
    ],
  });
  const { child, ended } = server.start("status", "--watch", "--output", "json");
  await waitUntil("three looks", () => server.asked.length === 3);
  child.kill("SIGINT");

  const ran = await ended;
  expect(ran.code).toBe(0);
  expect(
    ran.stdout
      .trimEnd()
      .split("\n")
      .map((line) => v.is(overview, JSON.parse(line))),
  ).toContain(true);
  expect(ran.stderr).toContain("error: D1 does not answer");
});

test("sends the token", async () => {
  const server = await startOperatorServer(REPLIES);

  await server.run("status");

  expect(server.asked[0]?.headers).toMatchObject({
    authorization: "Bearer the-operators-token",
  });
});

test.each([
  [
    "deliveries list --repo acme/widgets --event push --state stale --since 2026-11-24 --until 2026-11-25 --limit 7 --cursor abc",
    {
      ...{ repo: "acme/widgets", event: "push", state: "stale", limit: "7", cursor: "abc" },
      ...{ since: "2026-11-24T00:00:00.000Z", until: "2026-11-25T00:00:00.000Z" },
    },
  ],
  [
    "validations list --repo acme/widgets --pr 12 --sha 6DCB09B --event merge_group --state queued,running",
    {
      ...{ repo: "acme/widgets", pr: "12", sha: "6dcb09b", event: "merge_group" },
      ...{ state: "queued,running", limit: "50" },
    },
  ],
  [
    "dlq list --repo acme/widgets --event push --kind fact --class permanent --state any",
    { repo: "acme/widgets", event: "push", kind: "fact", class: "permanent", state: "any", limit: "50" },
  ],
  ["replays list --limit 3", { limit: "3" }],
  [
    "actions list --actor operator:alice --action rerun --outcome refused",
    { actor: "operator:alice", action: "rerun", outcome: "refused", limit: "50" },
  ],
])("sends the filters: %s", async (command, query) => {
  const server = await startOperatorServer(REPLIES);

  await server.run(...command.split(" "));

  expect(server.asked[0]?.query).toEqual(query);
});

test("encodes a question with spaces and an id with slashes", async () => {
  const server = await startOperatorServer({
    ...REPLIES,
    "GET /api/dead-letters/a%2F..%2Fb": { body: makeDeadLetterDetail() },
  });

  await server.run("trace", " acme/widgets#12 & more ");
  const ran = await server.run("dlq", "show", "a/../b");

  expect(server.asked[0]?.query).toEqual({ q: " acme/widgets#12 & more " });
  expect(ran.code).toBe(0);
});

test("names the flag that leads to the next page", async () => {
  const server = await startOperatorServer({ "GET /api/dead-letters": page([makeDeadLetter()], "next-1") });

  const ran = await server.run("dlq", "list", "--output", "json");

  expect(ran).toMatchObject({ code: 0, stderr: "there are more: --cursor next-1\n" });
  expect(JSON.parse(ran.stdout)).toMatchObject({ next_cursor: "next-1" });
});

test("prints the fact of a dead letter unchanged", async () => {
  const server = await startOperatorServer(REPLIES);

  expect(await server.run("dlq", "show", "dl-1", "--raw")).toEqual({
    code: 0,
    stdout: '{"event":"push"}\n',
    stderr: "",
  });
});

test("prints the answer to a command", async () => {
  const server = await startOperatorServer(REPLIES);

  const ran = await server.run("validations", "cancel", VALIDATION_ID);

  expect(ran).toEqual({ code: 0, stdout: "", stderr: "it will be done\n" });
  expect(server.asked[0]?.route).toBe(`POST /api/validations/${VALIDATION_ID}/cancel`);
});

test.each([
  ["pause", {}, "dispatch is paused: acme/widgets, since 2026-11-24 00:08:19Z"],
  [
    "pause acme/widgets --for 1h30m --reason upgrade",
    { repository: "acme/widgets", for_seconds: 5400, reason: "upgrade" },
    "by operator:alice: an upgrade\n",
  ],
  ["resume", {}, "the pause of acme/widgets has ended\n"],
  ["resume acme/widgets", { repository: "acme/widgets" }, "the pause of acme/widgets has ended\n"],
])("sends what is asked for: %s", async (command, body, printed) => {
  const server = await startOperatorServer(REPLIES);

  const ran = await server.run(...command.split(" "));

  expect(ran).toMatchObject({ code: 0, stdout: "" });
  expect(ran.stderr).toContain(printed);
  expect(server.asked[0]?.body).toEqual(body);
});

test.each(["2 hours", "0s", "400d", "-1h"])("refuses a pause for %j", async (span) => {
  const server = await startOperatorServer(REPLIES);

  expect(await server.run("pause", "--for", span)).toMatchObject({ code: 2 });
  expect(server.asked).toEqual([]);
});

test("waits for the end of a search", async () => {
  const server = await startOperatorServer({
    "POST /api/reconciles": { status: 202, body: makeReconcile() },
    "GET /api/reconciles/reconcile-1": [
      { body: makeReconcile({ status: "running", listed: 100, missing: 1 }) },
      { body: makeReconcile({ status: "done", listed: 120, missing: 2, recovered: 2 }) },
    ],
  });

  const ran = await server.run("reconcile", "--since", "2026-11-24", "--dry-run", "--output", "json");

  expect(ran).toMatchObject({ code: 0, stderr: "waiting for the consumer to start\n" });
  expect(JSON.parse(ran.stdout)).toMatchObject({ status: "done", missing: 2, recovered: 2 });
  expect(server.asked[0]?.body).toEqual({ since: "2026-11-24T00:00:00.000Z", dry_run: true });
});

test("fails if a search failed, and says why", async () => {
  const failed = makeReconcile({ status: "failed", error: "no hook is configured: RECONCILE_HOOKS" });
  const server = await startOperatorServer({ "POST /api/reconciles": { status: 202, body: failed } });

  const ran = await server.run("reconcile");

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("error: the search failed: no hook is configured: RECONCILE_HOOKS\n");
});
