import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findsFault, resultsOf, runsOn, succeeds } from "../faults/support/courses.ts";
import { answers, judges } from "../faults/support/faults.ts";
import { type GrainchainDouble, startDouble } from "../faults/support/grainchain.ts";
import type { Course } from "../faults/support/sandbox.ts";
import { accessFaults, keepPicture, SCREENS, startBrowser, type Visit, visit } from "./support/browser.ts";
import { type Gateway, SECRETS, startGateway } from "./support/gateway.ts";

const WIDGETS = "acme/widgets";
const WATCHED = "acme/watched";
const BROKEN = "acme/broken";
const SLOW = "acme/slow";
const REFUSED = "acme/refused";
/** Shown everywhere, and never to be obeyed. */
const HOSTILE = `"><img src=x onerror="window.obeyed=1"><script>window.obeyed=1</script>\u202egpj.exe`;

let gateway: Gateway;
let grainchain: GrainchainDouble;
let browser: Browser;

beforeAll(async () => {
  const ends: (() => Promise<void>)[] = [];
  const whenDone = (end: () => Promise<void>): void => void ends.unshift(end);
  afterAll(async () => {
    for (const end of ends) await end();
  });
  browser = await startBrowser();
  whenDone(() => browser.close());
  grainchain = await startDouble({ whenDone });
  const courses = new Map<string, Course>([
    [BROKEN, findsFault],
    [SLOW, runsOn],
    [WIDGETS, printsMuch],
    [WATCHED, isWatched],
  ]);
  grainchain.script.course = (run) => (courses.get(run.request.project_id) ?? succeeds)(run);
  refuse(true);
  gateway = await startGateway(grainchain.url, {}, whenDone);
});

let finishWatched = (): void => {};
const watchedMayFinish = new Promise<void>((resolve) => {
  finishWatched = resolve;
});

/** Runs until the test has seen it run. */
const isWatched: Course = async (run) => {
  if (run.move("running")) await run.tell();
  await watchedMayFinish;
  if (run.move("completed", resultsOf(true, "all is well"))) await run.tell();
};

const printsMuch: Course = async (run) => {
  const passed = {
    status: "passed",
    exit_code: 0,
    duration_ms: 820,
    output: "\u001b[32m✓\u001b[0m 3 files\n",
  };
  const failed = { status: "failed", exit_code: 1, duration_ms: 14_210, output: FAILURE };
  if (run.move("running")) await run.tell();
  const test_results = { overall_success: false, lint: passed, test: failed };
  if (run.move("completed", { success: false, test_results })) await run.tell();
};

const FAILURE = `> widgets@2.1.0 test
> vitest run

 ✓ src/gear.test.ts (14 tests) 212ms
 ✗ src/cog.test.ts (9 tests | 1 failed) 1804ms
   → expected 12 teeth, counted 11

AssertionError: expected 11 to be 12
    at src/cog.test.ts:41:28
${HOSTILE}
`;

/** Whether Grainchain refuses for good what is about {@link REFUSED}. */
function refuse(refuses: boolean): void {
  grainchain.script.weather = judges(({ project_id }) =>
    refuses && project_id === REFUSED ? { refused: "422 no such image", permanent: true } : "take",
  );
}

async function open(repo: string, pr: number): Promise<string> {
  const { guid, status } = await gateway.send("pull_request.opened", { repo, pr });
  expect(status).toBe(202);
  await gateway.waitFor("SELECT id FROM deliveries WHERE id = ?1", guid);
  return guid;
}

const waitForState = (repo: string, pr: number, state: string) =>
  gateway.waitFor(
    "SELECT * FROM validations WHERE repository = ?1 AND pr_number = ?2 AND state = ?3",
    ...[repo, pr, state],
  );

const asOperator = (screen: keyof typeof SCREENS = "light"): Promise<Visit> =>
  visit(browser, { ...SCREENS[screen], baseURL: gateway.url, password: SECRETS.OPERATOR_TOKEN });

const waitForText = (page: Page, selector: string, text: string | RegExp) =>
  page.locator(selector, { hasText: text }).first().waitFor({ timeout: 30_000 });

describe("who may look", () => {
  test("is asked for a password", async () => {
    const { page } = await visit(browser, { baseURL: gateway.url });
    // Nobody is there to fill in what the browser asks.
    await expect(page.goto("/dashboard")).rejects.toThrow("ERR_INVALID_AUTH_CREDENTIALS");
  });

  test("is told so where the password is wrong", async () => {
    const { page } = await visit(browser, { baseURL: gateway.url, password: "guess" });
    expect((await page.goto("/dashboard"))?.status()).toBe(401);
    expect(await page.textContent("h1")).toBe("A password is needed");
  });

  test("is led from the gateway's address to the overview", async () => {
    const { page, complaints } = await asOperator();
    await page.goto("/");
    expect(new URL(page.url()).pathname).toBe("/dashboard");
    expect(await page.textContent("h1")).toBe("Now");
    expect(complaints).toEqual([]);
  });

  test("may do no more than that as a reader", async () => {
    const { guid } = await gateway.send("pull_request.opened", { repo: "acme/read", pr: 1 });
    const { id } = await gateway.waitForEnd(guid);
    const { page } = await visit(browser, { baseURL: gateway.url, password: SECRETS.READER_TOKEN });
    await page.goto(`/dashboard/validations/${id}`);
    await waitForText(page, "footer", "a reader, who may look and not act");
    expect(await page.locator("main form").count()).toBe(0);
  });
});

test("shows a run on its way from the queue to its end, and opens it", async () => {
  const { page, complaints } = await asOperator();
  await page.goto(`/dashboard/validations?repo=${encodeURIComponent(WATCHED)}`);
  await waitForText(page, ".empty", "No validation matches");
  await page.evaluate("window.sameDocument = true");

  grainchain.script.next = [answers(429, "no room", { "retry-after": "8" })];
  await open(WATCHED, 4);

  await waitForText(page, "tbody .badge", "queued");
  await waitForText(page, "tbody .badge", "running");
  expect(await page.evaluate("window.sameDocument")).toBe(true);
  await page.getByRole("link", { name: `${WATCHED}#4` }).click();
  await waitForText(page, ".title .badge", "running");
  await waitForText(page, ".trace", "no room");
  await page.evaluate("window.sameDocument = true");
  finishWatched();
  await waitForText(page, ".title .badge", "success");
  await page.locator(".run-step", { hasText: "test" }).locator("summary").click();
  await waitForText(page, ".output", "all is well");
  expect(await page.evaluate("window.sameDocument")).toBe(true);
  expect(complaints).toEqual([]);
});

test("keeps what a reader has opened, focused or begun while it refreshes", async () => {
  const { page, complaints } = await asOperator();
  await open("acme/kept", 1);
  const { id } = await waitForState("acme/kept", 1, "completed");
  await page.goto("/dashboard/validations");
  const link = page.locator(`a[href="/dashboard/validations/${id}"]`);
  await link.focus();

  await open("acme/kept", 2);

  await page.getByRole("link", { name: "acme/kept#2" }).waitFor();
  expect(await link.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  await page.locator("input[name=repo]").fill("acme/ke");
  await open("acme/kept", 3);
  await waitForText(page, "#live", "Held while in use");
  await page.waitForTimeout(6_000);
  expect(await page.locator("input[name=repo]").inputValue()).toBe("acme/ke");
  expect(await page.getByRole("link", { name: "acme/kept#3" }).count()).toBe(0);
  await page.locator("input[name=repo]").fill("");
  await page.locator("h1").click();
  await page.getByRole("link", { name: "acme/kept#3" }).waitFor();
  await waitForText(page, "#live", "Live");
  expect(complaints).toEqual([]);
});

test("replays a dead letter once it is asked back and confirmed", async () => {
  await open(REFUSED, 7);
  const { id } = await waitForState(REFUSED, 7, "dead");
  await open(REFUSED, 8);
  await waitForState(REFUSED, 8, "dead");
  const { page, complaints } = await asOperator();
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "2 dead letters wait" }).click();
  await page.locator("tbody tr", { hasText: "validation" }).locator("input[type=checkbox]").first().waitFor();
  const row = page.locator("tbody tr", { has: page.locator(`a[href="/dashboard/validations/${id}"]`) });
  await row.locator("input[type=checkbox]").check();
  await page.getByRole("button", { name: "Replay selected…" }).click();
  expect(await page.textContent("h1")).toBe("Replay 1 dead letter?");
  expect(await gateway.rows("SELECT count(*) AS n FROM replays")).toEqual([{ n: 0 }]);
  await keepPicture(page, "confirm-light");
  expect(await accessFaults(page)).toEqual([]);

  refuse(false);
  await page.getByLabel("Reason, for the record").fill("the image is there");
  await page.getByRole("button", { name: "Replay 1 dead letter" }).click();

  await page.waitForURL(/\/dashboard\/replays/);
  await waitForText(page, ".notice", "The replay has started.");
  await waitForText(page, "tbody .badge", "done");
  await waitForText(page, "tbody", "by ada: the image is there");
  await waitForState(REFUSED, 7, "completed");
  const rows = await gateway.rows("SELECT requested_by, reason, total, rate FROM replays");
  expect(rows).toEqual([{ requested_by: "ada", reason: "the image is there", total: 1, rate: 600 }]);
  await page.goto("/dashboard/dead-letters?state=replayed");
  await waitForText(page, "tbody", "replayed");
  expect(complaints).toEqual([]);
  refuse(true);
});

test("takes no form that another site sends", async () => {
  await open("acme/forged", 1);
  const { id } = await waitForState("acme/forged", 1, "completed");
  const { page } = await asOperator();
  await page.goto("/dashboard");
  // Another origin of the same host: its forms carry the password that the browser knows.
  await page.route("http://evil.test/", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<form method="post" action="${gateway.url}/dashboard/validations/${id}/rerun"><button>win</button></form>`,
    }),
  );
  await page.goto("http://evil.test/");
  await page.getByRole("button").click();
  await page.waitForURL(/\/rerun$/);
  expect(await page.textContent("h1")).toBe("Not allowed");
  expect(
    await gateway.rows("SELECT count(*) AS n FROM validations WHERE repository = 'acme/forged'"),
  ).toEqual([{ n: 1 }]);
});

/** Every page, with something on it. */
async function fillPages(): Promise<Record<string, string>> {
  await open(REFUSED, 9);
  await open(SLOW, 3);
  await open(BROKEN, 12);
  await open(WIDGETS, 41);
  await waitForState(REFUSED, 9, "dead");
  await waitForState(SLOW, 3, "running");
  await waitForState(BROKEN, 12, "completed");
  const { id } = await waitForState(WIDGETS, 41, "completed");
  await insertHostile();
  await insertHistory();
  const letter = await gateway.waitFor("SELECT id FROM dead_letters WHERE repository = ?1", REFUSED);
  return {
    now: "/dashboard",
    validations: "/dashboard/validations",
    validation: `/dashboard/validations/${id}`,
    "validation-hostile": "/dashboard/validations/hostile-1",
    pull: `/dashboard/pulls/${WIDGETS}/41`,
    deliveries: "/dashboard/deliveries",
    "dead-letters": "/dashboard/dead-letters",
    "dead-letter": `/dashboard/dead-letters/${encodeURIComponent(String(letter.id))}`,
    "dead-letter-hostile": "/dashboard/dead-letters/hostile-letter",
    replays: "/dashboard/replays",
    reconciles: "/dashboard/reconciles",
    search: `/dashboard/search?q=${encodeURIComponent(`${WIDGETS}#41`)}`,
    "search-help": "/dashboard/search",
    "not-found": "/dashboard/validations/none",
  };
}

/** Rows whose every free text would like to be obeyed. */
async function insertHostile(): Promise<void> {
  const now = new Date().toISOString();
  const long = "n".repeat(10_000);
  await gateway.rows(
    `INSERT OR IGNORE INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
       head_sha, base_sha, run, cause, delivery_id, state, turn, error, results, created_at, finished_at, updated_at, version)
     VALUES ('hostile-1', 1, ?1, 'pr-1', ?1, 1, 'javascript:window.obeyed=1', '', ?1, ?1, ?1, 1, ?1, ?1, 'failed', 1, ?1, ?2,
       ?3, ?3, ?3, 1)`,
    HOSTILE,
    JSON.stringify({ [HOSTILE]: HOSTILE, test_results: { [HOSTILE]: { status: HOSTILE, output: HOSTILE } } }),
    now,
  );
  await gateway.rows(
    `INSERT OR IGNORE INTO deliveries (id, event, action, repository, sender, received_at, recorded_at, outcome, reason)
     VALUES ('hostile-1', ?1, ?1, ?2, ?1, ?3, ?3, 'ignored', ?1)`,
    ...[HOSTILE, long, now],
  );
  await gateway.rows(
    `INSERT OR IGNORE INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, body)
     VALUES ('hostile-letter', 'fact', 'permanent', ?1, 8, ?3, ?3, ?2, ?1, ?1)`,
    ...[HOSTILE, long, now],
  );
}

/** A day's work, so that the plots have something to show. */
async function insertHistory(): Promise<void> {
  const hour = 3_600_000;
  for (let ago = 1; ago < 24; ago++) {
    const count = Math.round(14 + 11 * Math.sin(ago / 3.2));
    await gateway.rows(
      `INSERT OR IGNORE INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
         head_sha, base_sha, run, cause, delivery_id, state, conclusion, turn, created_at, dispatched_at, started_at,
         finished_at, updated_at, version)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       SELECT 'history-' || ?2 || '-' || i, 2, 'acme/history', 'pr-' || i || '-' || ?2, 'pull_request', i,
         'https://github.com/acme/history/pull/' || i, '', 'topic-' || i, printf('%040x', i * 7919 + ?2), printf('%040x', 1), 1,
         'opened', 'none', CASE WHEN i % 13 = 0 THEN 'timed_out' WHEN i % 17 = 0 THEN 'superseded' ELSE 'completed' END,
         CASE WHEN i % 13 = 0 OR i % 17 = 0 THEN NULL WHEN i % 5 = 0 THEN 'failure' ELSE 'success' END, 1, ?3, ?3, ?3,
         ?4, ?4, 1 FROM n`,
      count,
      ago,
      new Date(Date.now() - ago * hour).toISOString(),
      new Date(Date.now() - ago * hour + 20_000 + 2_500 * count).toISOString(),
    );
  }
}

describe("every page", () => {
  let pages: Record<string, string>;
  beforeAll(async () => {
    pages = await fillPages();
  });

  test.each(Object.keys(SCREENS) as (keyof typeof SCREENS)[])(
    "obeys nothing, is accessible and fits the screen: %s",
    async (screen) => {
      const { page, complaints } = await asOperator(screen);
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(path);
        if (name === "now") await page.locator(".plot canvas").nth(1).waitFor();
        await keepPicture(page, `${name}-${screen}`);
        expect({ name, faults: await accessFaults(page) }).toEqual({ name, faults: [] });
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(
          SCREENS[screen].viewport.width,
        );
        expect(await page.evaluate("window.obeyed")).toBeUndefined();
        expect(await page.locator("main :is(img, script, iframe), a[href^='javascript:']").count()).toBe(0);
      }
      // What is not there is told by the status, which the browser notes.
      expect(complaints.filter((text) => !text.includes("status of 404"))).toEqual([]);
    },
  );

  test("shows a hostile name as it is written", async () => {
    const { page } = await asOperator();
    await page.goto(pages["validation-hostile"] ?? "");
    expect(await page.textContent("h1")).toContain(`"><img src=x onerror="window.obeyed=1">`);
    expect(await page.textContent("h1")).toContain("\\u{202e}gpj.exe");
  });

  test("can be read without a script", async () => {
    const { page } = await visit(browser, {
      baseURL: gateway.url,
      password: SECRETS.OPERATOR_TOKEN,
      javaScriptEnabled: false,
    });
    await page.goto("/dashboard");
    await keepPicture(page, "now-without-script");
    await page.locator("#hour-table tbody tr").first().waitFor();
    expect(await page.locator("#hour-table tbody tr").first().isVisible()).toBe(true);
    expect(await page.locator(".plot").first().isVisible()).toBe(false);
  });

  test("can be used by keyboard alone", async () => {
    const { page } = await asOperator();
    await page.goto("/dashboard/dead-letters");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toContain("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
  });
});
