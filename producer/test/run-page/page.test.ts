import { env } from "cloudflare:workers";
import { loadRunView } from "@webhook-gateway/shared/store/read/run-view.ts";
import { describe, expect, test } from "vitest";
import { expectHarmless, HOSTILE } from "../dashboard/support/harmless.ts";
import {
  freshRepository,
  insertDeadLetter,
  insertName,
  insertTransition,
  insertValidation,
  insertValidations,
  minute,
  putSetting,
} from "../operator-api/support/insert.ts";
import { readBy } from "../operator-api/support/queries.ts";
import { NOW } from "../support/app.ts";
import { empty } from "../support/database.ts";
import { ask, pathOf, textOf, textOfRun } from "./support.ts";

const results = (...steps: readonly [name: string, status: string, output: string][]) =>
  JSON.stringify({
    test_results: Object.fromEntries(
      steps.map(([name, status, output]) => [
        name,
        { status, output, duration_ms: 1200, exit_code: Number(status !== "passed") },
      ]),
    ),
  });
const FAILED = { state: "completed", conclusion: "failure" };

describe("the page of a run", () => {
  test("that waits says for what, since when, how many are ahead and when it will start", async () => {
    await empty();
    await insertValidations({ turn: 1 }, { turn: 2 }, { turn: 9 });
    const id = await insertValidation({ turn: 5 });
    // One a minute.
    await env.DB.prepare(
      "INSERT INTO tallies VALUES ('ended', ?1, 'completed', 60), ('ended', ?1, 'dead', 9)",
    )
      .bind("2026-11-23T09:30")
      .run();
    const response = await ask(await pathOf(id));
    const html = await response.clone().text();
    expect(html).toContain('<noscript><meta http-equiv="refresh" content="10"');
    expect(html).toContain('data-refresh="10"');
    const text = await textOf(response);
    expect(text).toContain("Waiting for a sandbox There is nothing to do.");
    expect(text).toContain("Waiting for its turn or for capacity at Grainchain");
    expect(text).toContain("Since 2026-11-23 09:00:00 UTC (1h ago)");
    expect(text).toContain("Ahead of it 2 runs");
    expect(text).toContain("Expected start in about 2m, at the rate of the last hour");
    expect(text).toContain("/validate cancel");
  });

  test("whose files have passed before leads to the run that passed", async () => {
    const repository = freshRepository();
    const reused_from = await insertValidation({ repository, state: "completed", conclusion: "success" });
    const state = { state: "completed", conclusion: "success" };
    const response = await ask(
      await pathOf(await insertValidation({ repository, event: "push", reused_from, ...state })),
    );
    expect(await response.clone().text()).toContain(`<a href="${await pathOf(reused_from)}">`);
    const text = await textOf(response);
    expect(text).toContain("Already passed: same files as an earlier run");
    expect(text).toContain("Look at the run that passed");
    expect(text).not.toContain("Nothing was run");
  });

  test("that waits for Grainchain says so, without details", async () => {
    await empty();
    const gate = { state: "closed", reason: "unavailable", detail: "connect 10.1.2.3 refused", step: 1 };
    await putSetting("gate:grainchain", { ...gate, since: minute(30), until: minute(70) });
    const text = await textOfRun({ error: "HTTP 500: http://grainchain.internal/" });
    expect(text).toContain("Reason Grainchain does not respond. Dispatch will resume automatically.");
    expect(text).toContain("Since 2026-11-23 09:30:00 UTC");
    expect(text).not.toMatch(/10\.1\.2\.3|internal|Expected start/);
  });

  test("that waits for another attempt says when it is", async () => {
    const text = await textOfRun({ due_at: minute(65), error: "HTTP 500: boom" });
    expect(text).toContain("Waiting for another attempt");
    expect(text).toContain("Next attempt 2026-11-23 10:05:00 UTC (in 5m)");
    expect(text).not.toMatch(/boom|Ahead of it/);
  });

  test("that runs says since when", async () => {
    const text = await textOfRun({ state: "running", dispatched_at: minute(50), started_at: minute(55) });
    expect(text).toContain("Validation is running There is nothing to do: the result will appear here.");
    expect(text).toContain("Waiting for its result from Grainchain Since 2026-11-23 09:55:00 UTC (5m ago)");
  });

  test("that failed shows the failed step first, with its output", async () => {
    const steps = results(
      ["lint", "passed", "fine"],
      ["test", "failed", "\u001b[31mexpected 1\u001b[0m\r\n"],
    );
    const response = await ask(await pathOf(await insertValidation({ ...FAILED, results: steps })));
    const html = await response.clone().text();
    expect(html).not.toMatch(/http-equiv="refresh"|data-refresh/);
    expect(html).toContain("<bdi>expected 1</bdi>");
    expect(
      [...html.matchAll(/<details class="run-step" id="step-(\w+)"( open="")?/g)].map(
        ([, ...found]) => found,
      ),
    ).toEqual([
      ["test", ' open=""'],
      ["lint", undefined],
    ]);
    const text = await textOf(response);
    expect(text).toContain("1 of 2 steps failed: test Fix the change and push it.");
    expect(text).toContain("Run it again: comment /validate on the pull request");
  });

  test("that succeeded has nothing left to do", async () => {
    const row = {
      state: "completed",
      conclusion: "success",
      started_at: minute(0),
      results: results(["test", "passed", ""]),
    };
    const text = await textOfRun(row);
    expect(text).toContain("The only step passed in 1m There is nothing to do.");
    expect(text).not.toContain("What you can do");
  });

  test("that had nothing to run says why", async () => {
    const skipped = "every changed file matches `paths_ignore`";
    const given = JSON.stringify({ success: true, skipped, test_results: { overall_success: true } });
    const text = await textOfRun({ state: "completed", conclusion: "success", results: given });
    expect(text).toContain(`Skipped: ${skipped} There is nothing to do.`);
  });

  test("that was superseded leads to the newest run, and names its commit", async () => {
    const subject = { repository_id: 77, subject: "pr-12" };
    const sha = "c".repeat(40);
    const newer = await insertValidation({ ...subject, head_sha: sha, run: 2 });
    await insertValidation({ ...subject, head_sha: sha, run: 1, state: "cancelled" });
    await env.DB.prepare(
      `INSERT INTO subjects (repository_id, subject, repository, kind, number, url, clone_url, head_sha, head_ref,
         base_sha, state, at, version) VALUES (77, 'pr-12', 'o/r', 'pull_request', 12, '', '', ?1, '', '', 'open', '', 1)`,
    )
      .bind(sha)
      .run();
    const id = await insertValidation({ ...subject, state: "superseded" });
    const response = await ask(await pathOf(id));
    expect(await response.clone().text()).toContain(
      `<a href="${await pathOf(newer)}">Look at the newest run</a>`,
    );
    const text = await textOf(response);
    expect(text).toContain("Superseded by a newer commit");
    expect(text).toContain("of commit ccccccccc");
    expect(await textOf(await ask(await pathOf(newer)))).not.toContain("Look at the newest run");
  });

  test.each([
    ["pull request closed", "because the pull request was closed"],
    ["cancelled by github:mallory in a comment", "by a comment on the pull request"],
    ["cancelled by operator:alice", "by an operator of the gateway"],
  ])("that was cancelled says why, and not by whom: %s", async (reason, words) => {
    const id = await insertValidation({ state: "cancelled" });
    await insertTransition({ validation_id: id, from_state: "queued", to_state: "cancelled", reason });
    const text = await textOf(await ask(await pathOf(id)));
    expect(text).toContain(`It was cancelled ${words}`);
    expect(text).not.toMatch(/alice|mallory/);
  });

  test.each(["failed", "timed_out", "dead"])(
    "that %s is about the sandbox, and names whom to ask",
    async (state) => {
      const error = "HTTP 502 from http://10.0.0.9:8080";
      const broke = JSON.stringify({ error: "clone of https://token@git.internal/a.git at 10.0.0.8 failed" });
      const text = await textOfRun({
        id: `broke-${state}`,
        state,
        error,
        results: state === "failed" ? broke : null,
      });
      expect(text).toContain("This says nothing about the change");
      expect(text).toContain(`name this run: broke-${state}`);
      expect(text).not.toMatch(/10\.0\.0|502|internal|token@/);
      if (state === "failed")
        expect(text).toContain("The sandbox failed: clone of [address] at [address] failed");
    },
  );
});

test("the data of a page has nothing that it must not show", async () => {
  const id = await insertValidation({
    state: "dead",
    error: "HTTP 422: gate text",
    delivery_id: "guid-of-delivery",
  });
  await insertTransition({ validation_id: id, reason: "replayed by operator:alice" });
  await insertDeadLetter({ validation_id: id, error: "lost text" });
  await insertValidation({ repository: "secret/other", repository_id: 9 });
  const view = JSON.stringify(await loadRunView(env.DB, id, new Date(NOW)));
  const html = await (await ask(await pathOf(id))).text();
  for (const text of [view, html]) expect(text).not.toMatch(/alice|gate text|lost text|secret|guid-of/);
});

test("a run is shown under the current name of its repository", async () => {
  const [old, current] = [freshRepository(), freshRepository()];
  await insertName(old, 5005, minute(0));
  await insertName(current, 5005, minute(1));
  const text = await textOfRun({ repository: old, repository_id: 5005 });
  expect(text).toContain(`${current}#12`);
});

test("what a page costs does not depend on the backlog", async () => {
  await empty();
  const first = await insertValidation({ turn: 1 });
  await insertValidations(...Array.from({ length: 300 }, () => ({ turn: 5 })));
  const queries = await readBy(env.DB, (db) => loadRunView(db, first, new Date(NOW)));
  expect(queries.length).toBe(2);
  for (const { sql, rowsRead } of queries) expect([sql, rowsRead < 20]).toEqual([sql, true]);
});

test.each(Object.entries(HOSTILE))("%s does nothing, wherever it comes from outside", async (_, text) => {
  const step = JSON.stringify({
    error: text,
    test_results: { [text]: { status: "failed", output: text, message: text } },
  });
  const plain = text.toWellFormed().replaceAll("\0", "");
  const row = {
    ref: plain,
    repository: plain,
    pr_url: plain,
    clone_url: plain,
    head_sha: plain,
    results: step,
  };
  for (const [event, state] of [
    ["pull_request", FAILED],
    ["push", FAILED],
    ["merge_group", { state: "failed" }],
  ] as const) {
    const response = await ask(
      await pathOf(await insertValidation({ ...row, ...state, event, repository_id: 404 })),
    );
    expect(response.status).toBe(200);
    await expectHarmless(await response.text(), "/runs");
  }
});
