import { createLog, type LogFields } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { forbidden } from "../../../test/github/client/fault.ts";
import { cancelDue } from "../../src/dispatch/cancel.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { effectLines, exceptEffects, MAX_EFFECT_LINES } from "../../src/effects/effect-log.ts";
import { empty } from "../support/database.ts";
import { command, freshRepository, pullRequest } from "../support/facts.ts";
import { openWorld, queueHeads, reportOf } from "../support/github.ts";
import { createDouble, effectDeps, json, take } from "../support/grainchain.ts";
import { queued } from "../support/queued.ts";
import { record, setValidation } from "../support/recording.ts";

beforeEach(empty);

function startLog(debug = false) {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createLog({ debug, write: (_, line) => void lines.push(JSON.parse(line)) }) };
}

const of = (event: string, lines: readonly unknown[]) => lines.filter((line) => Object(line).event === event);

describe("each effect has one line with its ids, a warning if it failed:", () => {
  test("a dispatch", async () => {
    const ids = await queued(4);
    const answers: Readonly<Record<string, object>> = {
      [ids[1] ?? ""]: { status: "failed", error_class: "permanent", message: "no s3cret" },
      [ids[2] ?? ""]: { status: "failed", message: "at capacity" },
      [ids[3] ?? ""]: { validation_id: "x".repeat(200) },
    };
    const { lines, log } = startLog();
    const double = createDouble((call) => take(call, (one) => answers[one.client_request_id] ?? {}));
    await dispatchDue(effectDeps(double, { log }));
    const [batch] = of("dispatch.batch", lines);
    const line = { event: "dispatch.sent", lease_id: Object(batch).lease_id, grainchain_id: null };
    expect(of("dispatch.sent", lines)).toEqual([
      {
        ...line,
        level: "info",
        validation_id: ids[0],
        class: "accepted",
        grainchain_id: `grain-${ids[0]}`,
      },
      { ...line, level: "warn", validation_id: ids[1], class: "permanent" },
      { ...line, level: "info", validation_id: ids[2], class: "backpressure" },
      {
        ...line,
        level: "info",
        validation_id: ids[3],
        class: "accepted",
        grainchain_id: "x".repeat(200),
      },
    ]);
    expect(batch).toEqual({
      level: "info",
      event: "dispatch.batch",
      lease_id: expect.any(String),
      claimed: 4,
      calls: 1,
      duration_ms: 0,
      accepted: 2,
      permanent: 1,
      backpressure: 1,
    });
    // Its death is a line too, and the server's words are in none of them.
    expect(lines.map(({ event }) => event)).toContain("validation.finished");
    expect(JSON.stringify(lines)).not.toMatch(/s3cret|at capacity|callbacks/);
    expect(JSON.stringify(lines).length).toBeLessThan(3000);
  });

  test("a report", async () => {
    const repository = freshRepository();
    const world = await openWorld({ mode: "token", repositories: [repository.full_name] });
    const ids = await queueHeads(world, repository, 3);
    await world.double.fault({ operation_id: "repos/create-commit-status" }, forbidden);
    await world.report();
    const lines = world.lines.map((line): Record<string, unknown> => JSON.parse(line));
    const [batch] = of("report.batch", lines);
    expect(of("report.sent", lines)).toEqual(
      ids.map((validation_id, index) => ({
        level: index === 0 ? "warn" : "info",
        event: "report.sent",
        validation_id,
        state: "queued",
        class: index === 0 ? "permission" : "posted",
        lease_id: Object(batch).lease_id,
      })),
    );
    expect((await reportOf(ids[0] ?? "")).status).toBe("dead");
  });

  test("a cancel", async () => {
    const repository = freshRepository();
    const numbers = [1, 2, 3, 4];
    const ids = await queued(4, repository);
    for (const [index, id] of ids.entries()) {
      await setValidation(id, { state: "running", grainchain_id: `grain-${index}` });
    }
    await record(numbers.map((number) => pullRequest(repository, number)("closed", "a", 2)));
    const { lines, log } = startLog();
    const statuses: Readonly<Record<string, number>> = { "1": 404, "2": 422, "3": 429 };
    await cancelDue(
      effectDeps(
        createDouble((call) => json({ detail: "no" }, statuses[call.path.match(/\d/)?.[0] ?? ""] ?? 200)),
        { log },
      ),
    );
    const classes = ["cancelled", "unknown", "permanent", "backpressure"];
    const sent = classes.map((name, index) => ({
      level: name === "permanent" ? "warn" : "info",
      event: "cancel.sent",
      validation_id: ids[index],
      class: name,
      grainchain_id: `grain-${index}`,
    }));
    expect(lines).toEqual([
      ...sent.slice(0, 2),
      { level: "info", event: "cancel.batch", cancels: 2, duration_ms: 0, done: 2, dead: 0 },
      ...sent.slice(2),
      { level: "info", event: "cancel.batch", cancels: 2, duration_ms: 0, done: 0, dead: 1 },
    ]);
  });

  test("a reaction", async () => {
    const repository = freshRepository();
    const world = await openWorld({ mode: "token", repositories: [repository.full_name] });
    const comment = command(repository, "cancel", 12, 501);
    await world.record(pullRequest(repository)("opened", "a", 1), comment);
    await world.react();
    const lines = world.lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(of("reaction.sent", lines)).toEqual([
      {
        level: "info",
        event: "reaction.sent",
        delivery_id: comment.id,
        comment_id: 501,
        class: "posted",
      },
    ]);
  });
});

test("a backlog that is worked off in one invocation leaves room in the log for what comes after it", async () => {
  await queued(MAX_EFFECT_LINES + 50);
  const { lines, log } = startLog();
  await dispatchDue(
    effectDeps(
      createDouble((call) => take(call)),
      { log },
    ),
  );
  expect(of("dispatch.sent", lines)).toHaveLength(MAX_EFFECT_LINES);
  expect(of("dispatch.batch", lines)).toHaveLength(3);
  expect(JSON.stringify(lines).length).toBeLessThan(100_000);
});

test("in debug mode every effect has its line", () => {
  const { lines, log } = startLog(true);
  const logEffect = effectLines(log, "report.sent");
  for (let n = 0; n < MAX_EFFECT_LINES + 50; n++)
    logEffect({ fields: { validation_id: `v-${n}`, class: "posted" }, failed: false });
  expect(lines.map(({ level }) => level)).toEqual([
    ...Array(MAX_EFFECT_LINES).fill("info"),
    ...Array(50).fill("debug"),
  ]);
});

test("effects are counted by their batch, not one by one", () => {
  const counted: [string, string, LogFields][] = [];
  const log = createLog({
    debug: true,
    write: () => {},
    observe: exceptEffects((...line) => void counted.push(line)),
  });
  effectLines(log, "dispatch.sent")({ fields: { class: "accepted" }, failed: false });
  effectLines(log, "cancel.sent")({ fields: { class: "permanent" }, failed: true });
  log.info("dispatch.batch", { accepted: 1 });
  expect(counted).toEqual([["info", "dispatch.batch", { accepted: 1 }]]);
  expect(exceptEffects(undefined)).toBeUndefined();
});
