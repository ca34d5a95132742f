import { describe, expect, test } from "vitest";
import { asOperator, form, pageOf, startDashboard } from "./support/dashboard.ts";
import { absent } from "./support/empty.ts";

describe("dead letters", () => {
  const confirm = (...fields: (readonly [string, string])[]) =>
    startDashboard().fetch("/dashboard/dead-letters/confirm", form(fields));

  test("are asked about before anything is done to them", async () => {
    const { fetch, asked } = startDashboard();
    const fields = [
      ["do", "replay-selected"],
      ["id", "a"],
      ["id", "b"],
    ] as const;
    const page = await pageOf(await fetch("/dashboard/dead-letters/confirm", form(fields)));
    expect(asked).toEqual([["previewDeadLetters", { ids: ["a", "b"] }]]);
    expect(page).toContain("Replay 12 dead letters?");
    expect(page).toContain("The first 1 of 12");
    expect(page).toContain('value="{&quot;ids&quot;:[&quot;a&quot;,&quot;b&quot;]}"');
    expect(page).toContain('name="rate"');
  });

  test("means all rows if the list has no filter, otherwise those that match", async () => {
    const all = startDashboard();
    await all.fetch(
      "/dashboard/dead-letters/confirm",
      form([
        ["do", "discard-matching"],
        ["filter", "{}"],
      ]),
    );
    expect(all.asked).toEqual([["previewDeadLetters", { all: true }]]);
    const some = startDashboard();
    const filter = JSON.stringify({ kind: "report", repo: "acme/widgets" });
    await some.fetch(
      "/dashboard/dead-letters/confirm",
      form([
        ["do", "replay-matching"],
        ["filter", filter],
      ]),
    );
    expect(some.asked).toEqual([
      ["previewDeadLetters", { filter: { kind: "report", repo: "acme/widgets" } }],
    ]);
  });

  test.each([
    ["nothing selected", [["do", "replay-selected"]]],
    ["no order", [["id", "a"]]],
    [
      "an order that is none",
      [
        ["do", "delete-selected"],
        ["id", "a"],
      ],
    ],
    [
      "a filter that is none",
      [
        ["do", "replay-matching"],
        ["filter", '{"color":"red"}'],
      ],
    ],
    [
      "more than can be named",
      [["do", "replay-selected"], ...Array.from({ length: 1001 }, (_, i) => ["id", `${i}`])],
    ],
  ] as [string, [string, string][]][])("are left alone on %s", async (_, fields) => {
    expect((await confirm(...fields)).status).toBe(400);
  });

  test("are replayed at a rate, with a reason, in the name of who asked", async () => {
    const { fetch, asked } = startDashboard();
    const fields = [
      ["scope", '{"ids":["a"]}'],
      ["reason", " D1 is back "],
      ["rate", "30"],
    ] as const;
    const response = await fetch("/dashboard/dead-letters/replay", form(fields));
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe("/dashboard/replays?notice=replay");
    const order = { scope: { ids: ["a"] }, reason: "D1 is back", rate: 30, dry_run: false };
    expect(asked).toEqual([["replay", order, "operator:operator"]]);
  });

  test("are discarded likewise", async () => {
    const { fetch, asked } = startDashboard();
    const response = await fetch(
      "/dashboard/dead-letters/discard",
      form([
        ["scope", '{"all":true}'],
        ["reason", ""],
      ]),
    );
    expect(response.status).toBe(303);
    expect(asked).toEqual([["discard", { scope: { all: true }, dry_run: false }, "operator:operator"]]);
  });

  test.each(["0", "6001", "1.5", "", "many"])("are not replayed at a rate of %j", async (rate) => {
    const { fetch, asked } = startDashboard();
    const response = await fetch(
      "/dashboard/dead-letters/replay",
      form([
        ["scope", '{"all":true}'],
        ["rate", rate],
      ]),
    );
    expect(response.status).toBe(400);
    expect(asked).toEqual([]);
  });

  test("that are being replayed already are refused with the reason", async () => {
    const error = { code: "replay_under_way", message: "being replayed already: a" } as const;
    const { fetch } = startDashboard({ data: { replay: async () => ({ error }) } });
    const response = await fetch(
      "/dashboard/dead-letters/replay",
      form([
        ["scope", '{"ids":["a"]}'],
        ["rate", "60"],
      ]),
    );
    expect(response.status).toBe(409);
    expect(await response.text()).toContain("being replayed already: a");
  });
});

describe("a validation's orders", () => {
  test.each(["cancel", "rerun"] as const)("%s is given and said once", async (order) => {
    const { fetch, asked } = startDashboard();
    const response = await fetch(`/dashboard/validations/1-pr-12-abc-1/${order}`, form([]));
    expect(response.status).toBe(303);
    expect(asked).toEqual([[order, "1-pr-12-abc-1", "operator:operator"]]);
    const location = response.headers.get("location") ?? "";
    expect(location).toBe(`/dashboard/validations/1-pr-12-abc-1?notice=${order}`);
    expect(await pageOf(await fetch(location, asOperator))).toContain('role="status"');
  });

  test("a notice that is none is not shown, and breaks no list", async () => {
    const { fetch } = startDashboard();
    const page = await pageOf(await fetch("/dashboard/replays?notice=Send+me+your+token", asOperator));
    expect(page).not.toContain("Send me your token");
    expect(page).not.toContain('class="notice"');
  });

  test("a replay is stopped", async () => {
    const { fetch, asked } = startDashboard();
    const response = await fetch("/dashboard/replays/r-1/cancel", form([]));
    expect(response.headers.get("location")).toBe("/dashboard/replays?notice=stopped");
    expect(asked).toEqual([["cancelReplay", "r-1", "operator:operator"]]);
    const none = startDashboard({ data: { cancelReplay: absent } });
    expect((await none.fetch("/dashboard/replays/r-1/cancel", form([]))).status).toBe(404);
  });
});

test("a form that is too large is refused", async () => {
  const { fetch, asked } = startDashboard();
  const fields = [["scope", "x".repeat(600 * 1024)]] as const;
  const response = await fetch("/dashboard/dead-letters/replay", form(fields));
  expect(response.status).toBe(413);
  expect(asked).toEqual([]);
});
