import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { empty, row, rows } from "../support/database.ts";
import { second } from "../support/facts.ts";
import { clockAt, createDouble, json } from "../support/grainchain.ts";
import { expectConsistent } from "../support/invariants.ts";
import { queued, setSetting } from "../support/queued.ts";
import { validationOf } from "../support/recording.ts";
import { always, asked, dispatch, states, willing } from "./support.ts";

beforeEach(empty);

describe("attempts", () => {
  test("are made again by wake-ups alone, each at its own time", async () => {
    const clock = clockAt(3600);
    const ids = await queued(5);
    let spread = 0;
    const random = () => spread++ / 5;
    const away = always(() => new Response("boom", { status: 500 }));
    let wakes = [...(await dispatch(away, { clock, random })).wakeAt];
    const double = willing();
    // Nothing but the wake-ups moves the clock.
    for (let step = 0; wakes.length > 0 && step < 50; step++) {
      clock.nowMs = Math.min(...wakes.map((at) => Date.parse(at)));
      const { wakeAt } = await dispatch(double, { clock, random });
      wakes = [...wakes.filter((at) => Date.parse(at) > clock.nowMs), ...wakeAt];
    }
    expect(await states(ids)).toEqual(ids.map(() => "pending"));
    expect(clock.nowMs).toBeLessThan(Date.parse(second(3610)));
  });

  test("end in death after the most that are allowed, with the server's words", async () => {
    const clock = clockAt(3600);
    const [id = ""] = await queued(1);
    const double = always(() => new Response(`boom ${"é".repeat(5000)}`, { status: 500 }));
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      expect((await validationOf(id)).state).toBe("queued");
      const { wakeAt } = await dispatch(double, { clock, random: () => 0 });
      const due = attempt < 8 ? wakeAt[0] : undefined;
      if (due !== undefined) delays.push(Math.round((Date.parse(due) - clock.nowMs) / 1000));
      clock.nowMs = due === undefined ? clock.nowMs : Date.parse(due);
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320]);
    expect(double.calls).toHaveLength(8);
    expect(await validationOf(id)).toMatchObject({
      state: "dead",
      attempts: 8,
      due_at: null,
      lease_id: null,
    });
    const deadLetter = await row<{ error: string; class: string; attempts: number; bytes: number }>(
      "SELECT error, class, attempts, length(CAST(error AS BLOB)) AS bytes FROM dead_letters WHERE validation_id = ?1",
      id,
    );
    expect(deadLetter).toMatchObject({ class: "retryable", attempts: 8 });
    expect(deadLetter.error).toMatch(/^HTTP 500: boom é/);
    expect(deadLetter.bytes).toBeLessThanOrEqual(2048);
    await dispatch(double, { clock });
    expect(double.calls).toHaveLength(8);
    await expectConsistent((await validationOf(id)).repository_id);
  });

  test("wait for their backoff, and hold up nothing else once Grainchain answers", async () => {
    const clock = clockAt(3600);
    const [one = ""] = await queued(1);
    const broken = always(() => json({}, 500));
    await dispatch(broken, { clock, random: () => 0.999999 });
    const [two = ""] = await queued(1);
    const double = willing();
    await dispatch(double, { clock });
    expect(double.calls).toEqual([]);
    clock.nowMs += 5_000;
    await dispatch(double, { clock });
    expect(double.calls.map(asked)).toEqual([[two]]);
    clock.nowMs += 2_500;
    await dispatch(double, { clock });
    expect(double.calls.map(asked)).toEqual([[two], [one]]);
  });

  test("of a backlog are hardly spent while Grainchain is away for a day", async () => {
    const clock = clockAt(3600);
    const ids = await queued(40);
    const away = always(() => {
      throw new TypeError("connection refused");
    });
    for (const end = clock.nowMs + 86_400_000; clock.nowMs < end; ) {
      const { wakeAt } = await dispatch(away, { clock });
      const next = wakeAt.map((at) => Date.parse(at)).filter((ms) => ms > clock.nowMs);
      // The gate is closed for ten minutes each time: the cron of every minute would find it so.
      clock.nowMs = next.length === 0 ? clock.nowMs + 300_000 : Math.min(...next);
    }
    expect(await states(ids)).toEqual(ids.map(() => "queued"));
    clock.nowMs += 3_600_000;
    await dispatch(willing(), { clock });
    expect(await states(ids)).toEqual(ids.map(() => "pending"));
  });
});

describe("what may not be kept of an answer", () => {
  test("the callback's token and the key are cut out of a server's words", async () => {
    const [id = ""] = await queued(1);
    await setSetting("grainchain:no-batch-until", second(9999));
    const lines: string[] = [];
    const log = createLog({ debug: true, write: (_level, line) => lines.push(line) });
    const double = createDouble((call) =>
      json(
        { detail: [{ input: call.body, headers: { authorization: call.headers.get("authorization") } }] },
        422,
      ),
    );
    await dispatch(double, { log, grainchain: { apiKey: "s3cret-key" } });
    const token = String(double.calls[0]?.requests[0]?.webhook_url).split("/").at(-1) ?? "";
    expect(token).toHaveLength(43);
    const kept = JSON.stringify([
      await rows("SELECT * FROM validations"),
      await rows("SELECT * FROM timeline"),
      await rows("SELECT * FROM dead_letters"),
      await rows("SELECT * FROM settings"),
      lines,
    ]);
    expect(kept).toContain(id);
    expect(kept).toContain("HTTP 422");
    expect(kept).not.toContain(token);
    expect(kept).not.toContain("s3cret-key");
  });
});
