import { CursorError } from "@webhook-gateway/shared/store/page.ts";
import { describe, expect, test } from "vitest";
import type { DashboardData } from "../../src/dashboard/data.ts";
import { asOperator, asReader, basic, form, PAGES, startDashboard } from "./support/dashboard.ts";
import { samplesOf } from "./support/samples.ts";

const LISTS = ["validations", "deliveries", "dead-letters", "replays", "reconciles"] as const;

const pageOf = async (response: Response): Promise<string> => {
  expect(response.status).toBe(200);
  return response.text();
};

const absent = async (): Promise<undefined> => undefined;
const nothing = async () => ({ items: [], next_cursor: null });
const plain = samplesOf("plain");
const EMPTY: Partial<DashboardData> = {
  overview: async () => ({
    ...plain.overview,
    states: {},
    waiting: { live: 0, replay: 0, backing_off: 0, oldest_at: null, next_due_at: null },
    gates: plain.overview.gates.map(({ name }) => ({
      ...{ name, state: "open", reason: null, detail: null, since: null, until: null },
    })) as typeof plain.overview.gates,
    dead_letters: [],
    reports: { due: 0, oldest_due_at: null, dead: 0 },
    cancels: { due: 0, dead: 0 },
    deliveries: { last_at: null, last_hour: 0, recovered_last_day: 0 },
    replays_running: 0,
    hours: [],
  }),
  health: async () => ({
    ...plain.health,
    status: "healthy",
    checks: {
      api: { status: "ok" },
      database: { status: "ok" },
      queue: { status: "ok" },
      grainchain: { status: "unknown" },
    },
  }),
  deliveries: nothing,
  validations: nothing,
  deadLetters: nothing,
  replays: nothing,
  reconciles: nothing,
};

describe("the overview", () => {
  test("says first what needs somebody, in words", async () => {
    const page = await pageOf(await startDashboard().fetch("/dashboard", asReader));
    const concerns = page.slice(page.indexOf('id="attention"'), page.indexOf('class="tiles"'));
    expect(concerns).toContain("<bdi>Dispatch</bdi> is paused: <bdi>Grainchain is full</bdi>.");
    expect(concerns).toContain(">in 20 s</time>");
    expect(concerns).toContain("5 dead letters wait");
    expect(concerns).toContain("The check of queue is failed");
    expect(concerns.indexOf("5 dead letters")).toBeLessThan(concerns.indexOf("Grainchain is full"));
  });

  test("says that nothing needs anybody where nothing does", async () => {
    const page = await pageOf(await startDashboard({ data: EMPTY }).fetch("/dashboard", asReader));
    expect(page).toContain("all clear");
    expect(page).toContain("No dead letter is open");
    expect(page).toContain("No validation was started in the last 24 hours");
  });

  test("has the plots' numbers in a table, hours without any included", async () => {
    const page = await pageOf(await startDashboard().fetch("/dashboard", asReader));
    const table = page.slice(page.indexOf('id="hour-table"'));
    expect(table.match(/data-at="\d+"/g)).toHaveLength(24);
    expect(table).toContain('data-series="succeeded" data-value="7"');
    expect(table).toContain('data-series="other" data-value="2"');
    expect(table).toContain('data-series="seconds" data-value="48.2"');
    expect(table).toContain('data-series="seconds" data-value=""');
  });

  test("is shown with the state of the checks where D1 does not answer", async () => {
    const data = {
      overview: async () => {
        throw new Error("D1_ERROR: Network connection lost.");
      },
    };
    const response = await startDashboard({ data }).fetch("/dashboard", asReader);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("10");
    expect(await response.text()).toContain("Health checks");
  });

  test("says no more than that something is wrong where something is", async () => {
    const data = {
      overview: async () => {
        throw new Error("a secret of the inside");
      },
    };
    const { fetch, lines } = startDashboard({ data });
    const response = await fetch("/dashboard", asReader);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret of the inside");
    expect(lines.join()).toContain("dashboard.failed");
  });
});

describe("a list", () => {
  test.each(LISTS)("of %s says what it means to be empty", async (list) => {
    const page = await pageOf(await startDashboard({ data: EMPTY }).fetch(`/dashboard/${list}`, asReader));
    expect(page).toContain('<p class="empty">');
    expect(page).not.toContain('aria-label="Pages of the list"');
  });

  test("keeps its filters on the way to the next page", async () => {
    const { fetch, asked } = startDashboard();
    const filters = "repo=acme%2Fwidgets&state=dead%2Cfailed&limit=20&since=2026-11-22T10%3A00&sha=";
    const page = await pageOf(await fetch(`/dashboard/validations?${filters}`, asReader));
    expect(asked).toEqual([
      ["validations", { repo: "acme/widgets", state: "dead,failed", limit: "20", since: "2026-11-22T10:00" }],
    ]);
    const [, next = ""] = /href="([^"]+)" rel="next"/.exec(page) ?? [];
    const { searchParams } = new URL(next.replaceAll("&amp;", "&"), "https://x.test");
    expect(Object.fromEntries(searchParams)).toEqual({
      repo: "acme/widgets",
      state: "dead,failed",
      limit: "20",
      since: "2026-11-22T10:00",
      cursor: "next-cursor",
    });
    expect(page).toContain('<option value="dead,failed" selected="">dead,failed</option>');
    expect(page).toContain('value="2026-11-22T10:00"');
    const last = await pageOf(await fetch(next.replaceAll("&amp;", "&"), asReader));
    expect(last).toMatch(/<a href="\/dashboard\/validations\?repo=acme%2Fwidgets[^"]*">Newest<\/a>/);
  });

  test.each(["repo=widgets", "pr=twelve", "limit=0", "since=soon", "colour=red", "sha=xyz"])(
    "refuses what it does not understand: %s",
    async (filter) => {
      const { fetch, asked } = startDashboard();
      const response = await fetch(`/dashboard/validations?${filter}`, asReader);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(`Not understood: ${filter.split("=")[0]}.`);
      expect(asked).toEqual([]);
    },
  );

  test("refuses a cursor that is none of its own", async () => {
    const data = {
      deliveries: async () => {
        throw new CursorError("none of this list");
      },
    };
    const response = await startDashboard({ data }).fetch("/dashboard/deliveries?cursor=x", asReader);
    expect(response.status).toBe(400);
  });

  test("of dead letters has boxes for an operator, where they are open", async () => {
    const { fetch } = startDashboard();
    expect(await pageOf(await fetch("/dashboard/dead-letters", asOperator))).toContain(
      'name="id" value="plain"',
    );
    const closed = await pageOf(await fetch("/dashboard/dead-letters?state=any", asOperator));
    expect(closed).not.toContain("checkbox");
  });
});

describe("what is not there", () => {
  test.each([
    ["/dashboard/validations/none", { validation: absent, trace: absent }],
    ["/dashboard/dead-letters/none", { deadLetter: absent }],
    ["/dashboard/pulls/acme/widgets/999", { validations: nothing }],
    ["/dashboard/search?q=nothing", { trace: absent }],
    ["/dashboard/no/such/page", {}],
  ] as const)("is a page that says so: %s", async (path, data) => {
    const response = await startDashboard({ data }).fetch(path, asReader);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("<h1>");
  });
});

test("a pull request's page asks for its runs, and for more of them", async () => {
  const { fetch, asked } = startDashboard();
  const page = await pageOf(await fetch("/dashboard/pulls/acme/widgets/12?cursor=c", asReader));
  expect(asked).toEqual([["validations", { repo: "acme/widgets", pr: "12", cursor: "c" }]]);
  expect(page).toContain('href="/dashboard/pulls/acme/widgets/12?cursor=next-cursor"');
});

test("a validation's page shows its way, its steps with their output, and its report", async () => {
  const { fetch, asked } = startDashboard();
  const page = await pageOf(await fetch("/dashboard/validations/plain", asReader));
  expect(asked).toEqual([
    ["validation", "plain"],
    ["trace", "plain"],
  ]);
  expect(page).toContain("+9 min");
  expect(page).toContain("exit 3 · ");
  expect(page).toContain('datetime="2026-11-23T09:51:00.000Z"');
});

test("a validation's page does without the trace", async () => {
  const { fetch } = startDashboard({ data: { trace: absent } });
  expect(await pageOf(await fetch("/dashboard/validations/plain", asReader))).toContain('class="trace"');
});

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
    expect(asked).toEqual([["previewLetters", { ids: ["a", "b"] }]]);
    expect(page).toContain("Replay 12 dead letters?");
    expect(page).toContain("The first 1 of 12");
    expect(page).toContain('value="{&quot;ids&quot;:[&quot;a&quot;,&quot;b&quot;]}"');
    expect(page).toContain('name="rate"');
  });

  test("are all meant where the list was narrowed to nothing, else those that match", async () => {
    const all = startDashboard();
    await all.fetch(
      "/dashboard/dead-letters/confirm",
      form([
        ["do", "discard-matching"],
        ["filter", "{}"],
      ]),
    );
    expect(all.asked).toEqual([["previewLetters", { all: true }]]);
    const some = startDashboard();
    const filter = JSON.stringify({ kind: "report", repo: "acme/widgets" });
    await some.fetch(
      "/dashboard/dead-letters/confirm",
      form([
        ["do", "replay-matching"],
        ["filter", filter],
      ]),
    );
    expect(some.asked).toEqual([["previewLetters", { filter: { kind: "report", repo: "acme/widgets" } }]]);
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
        ["filter", '{"colour":"red"}'],
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
    expect(asked).toEqual([["replay", order, "ada"]]);
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
    expect(asked).toEqual([["discard", { scope: { all: true }, dry_run: false }, "ada"]]);
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
    expect(asked).toEqual([[order, "1-pr-12-abc-1"]]);
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
    expect(asked).toEqual([["cancelReplay", "r-1"]]);
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

test("who asks is told in words that can be kept", async () => {
  const { fetch, asked } = startDashboard();
  const authorization = basic("unit-operator-token-c0de", `ada\u202e${"x".repeat(200)}`);
  await fetch("/dashboard/dead-letters/discard", form([["scope", '{"all":true}']], { authorization }));
  expect(asked[0]?.[2]).toBe(`ada${"x".repeat(97)}`);
});

test.each(PAGES)(
  "%s has one main heading, landmarks, a way past them and names for its tables",
  async (path) => {
    const page = await pageOf(await startDashboard().fetch(path, asOperator));
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page).toContain('<a class="skip" href="#main">');
    for (const landmark of ['<main id="main"', "<nav aria-label=", "<footer>", "<search>"])
      expect(page).toContain(landmark);
    for (const [table] of page.matchAll(/<table.*?<\/table>/gs)) {
      expect(table).toContain("<caption");
      expect(table).toContain('scope="col"');
      expect(table).toContain('scope="row"');
    }
  },
);
