import { expect, test } from "vitest";
import type { Database } from "./machine/database.ts";
import { doubledRuns } from "./observe/doubled-runs.ts";
import type { Recording } from "./observe/recording.ts";
import type { Grainchain, Run } from "./world/grainchain.ts";

const runOf = (id: string, pr_number: number, head_sha: string): Run => ({
  ...{ id, status: "completed", success: true, bytes: 1000, atMs: 0 },
  request: {
    client_request_id: `request ${id}`,
    project_id: "acme/app",
    pr_number,
    head_sha,
    webhook_url: "",
  },
});

test("a head that ran twice is shown with its runs and its validations, unless a command asked for it", () => {
  const runs = [
    runOf("run-1", 1, "a"),
    runOf("run-2", 1, "a"),
    runOf("run-3", 2, "b"),
    runOf("run-4", 2, "b"),
  ];
  const ask = (_: string, ...[, number]: unknown[]) => [{ id: `validation of ${number}`, timeline: "[]" }];

  const doubled = doubledRuns({
    grainchain: { runs: new Map(runs.map((run) => [run.id, run])) } as Grainchain,
    recording: { commands: new Map([["acme/app#2", 1]]) } as unknown as Recording,
    database: { ask } as unknown as Database,
  });

  expect(doubled).toEqual([
    [
      "2 of 1 heads of acme/app#1",
      "1970-01-01T00:00:00.000Z run-1 of request run-1, head a: completed",
      "1970-01-01T00:00:00.000Z run-2 of request run-2, head a: completed",
      "id validation of 1, timeline []",
    ].join("\n    "),
  ]);
});
