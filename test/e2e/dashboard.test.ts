import type { Browser, Page } from "playwright-core";
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { answers, decides } from "../grainchain/fault-policies.ts";
import type { Scenario } from "../grainchain/run.ts";
import { resultsOf, succeeds } from "../grainchain/scenarios.ts";
import { type GrainchainDouble, startDouble } from "../grainchain/server.ts";
import { waitUntil } from "../support/patience.ts";
import { advance } from "../system/driver.ts";
import {
  accessFaults,
  keepPicture,
  SCREENS,
  type Screen,
  startBrowser,
  type Visit,
  visit,
} from "./support/browser.ts";
import {
  fillPages,
  PAGES,
  type PageName,
  REFUSED,
  SCENARIOS,
  SHOWS_HOSTILE,
} from "./support/dashboard-pages.ts";
import { cleanUpAfterFile } from "./support/file-end.ts";
import { type Gateway, SECRETS, startGateway } from "./support/gateway.ts";
import { openPull, waitForState as waitForRun } from "./support/pull-requests.ts";

const WATCHED = "acme/watched";
/** No page waits longer before it refreshes itself. */
const REFRESH_MS = 10_000;

let gateway: Gateway;
let grainchain: GrainchainDouble;
let browser: Browser;
/** Two windows for one test after the other. */
let operator: Visit;
let stranger: Visit;
const whenDone = cleanUpAfterFile();

beforeAll(async () => {
  browser = await startBrowser();
  whenDone(() => browser.close());
  grainchain = await startDouble({ whenDone });
  const scenarios = new Map([...SCENARIOS, [WATCHED, isWatched]]);
  grainchain.script.scenario = (run) => (scenarios.get(run.request.project_id) ?? succeeds)(run);
  refuse(true);
  gateway = await startGateway(grainchain.url, {}, whenDone);
  stranger = await visit(browser, gateway.url);
  operator = await visit(browser, gateway.url);
  await operator.logIn(SECRETS.OPERATOR_TOKEN);
  // Its time flows as any other's, and can be put forward.
  await operator.page.clock.install();
});

beforeEach(async () => {
  await operator.lookAt("light");
  operator.complaints.length = 0;
});

let finishWatched = (): void => {};
const watchedMayFinish = new Promise<void>((resolve) => {
  finishWatched = resolve;
});

/** Runs until the test has seen it run. */
const isWatched: Scenario = async (run) => {
  if (run.move("running")) await run.callBack();
  await watchedMayFinish;
  if (run.move("completed", resultsOf(true, "all is well"))) await run.callBack();
};

/** Whether Grainchain refuses for good what is about {@link REFUSED}. */
function refuse(refuses: boolean): void {
  grainchain.script.policy = decides(({ project_id }) =>
    refuses && project_id === REFUSED ? { refused: "422 no such image", permanent: true } : "accept",
  );
}

const open = (repo: string, pr: number) => openPull(gateway, repo, pr);
const waitForState = (repo: string, pr: number, state: string) => waitForRun(gateway, repo, pr, state);

const waitForText = (page: Page, selector: string, text: string | RegExp) =>
  page.locator(selector, { hasText: text }).first().waitFor();

/** Waits for a text that a refresh brings. Each is brought forward. */
const waitForRefresh = (page: Page, selector: string, text: string | RegExp) =>
  waitUntil(`${text} in ${selector}`, async () => {
    await page.clock.fastForward(REFRESH_MS);
    return (await page.locator(selector, { hasText: text }).count()) > 0;
  });

describe("who may look", () => {
  test("is told so where the password is wrong", async () => {
    const { page, logIn } = stranger;
    await logIn("guess");
    expect((await page.goto("/dashboard"))?.status()).toBe(401);
    expect(await page.textContent("h1")).toBe("A password is needed");
  });

  test("is asked for a password", async () => {
    const { page, logIn } = stranger;
    await logIn();
    // Nobody is there to fill in what the browser asks.
    await expect(page.goto("/dashboard")).rejects.toThrow("ERR_INVALID_AUTH_CREDENTIALS");
  });

  test("is led from the gateway's address to the overview", async () => {
    const { page, complaints } = operator;
    await page.goto("/");
    expect(new URL(page.url()).pathname).toBe("/dashboard");
    expect(await page.textContent("h1")).toBe("Now");
    expect(complaints).toEqual([]);
  });

  test("may do no more than that as a reader", async () => {
    const { guid } = await gateway.send("pull_request.opened", { repo: "acme/read", pr: 1 });
    const { id } = await gateway.waitForEnd(guid);
    const { page, logIn } = stranger;
    await logIn(SECRETS.READER_TOKEN);
    await page.goto(`/dashboard/validations/${id}`);
    await waitForText(page, "footer", "a reader, who may look and not act");
    expect(await page.locator("main form").count()).toBe(0);
  });
});

test("shows a run on its way from the queue to its end, and opens it", async () => {
  const { page, complaints } = operator;
  await page.goto(`/dashboard/validations?repo=${encodeURIComponent(WATCHED)}`);
  await waitForText(page, ".empty", "No validation matches");
  await page.evaluate("window.sameDocument = true");

  grainchain.script.next = [answers(429, "no room", { "retry-after": "3600" })];
  await open(WATCHED, 4);

  await waitForRefresh(page, "tbody .badge", "queued");
  await gateway.waitFor(
    "SELECT 1 FROM settings WHERE name = 'gate:grainchain' AND value->>'state' = 'closed'",
  );
  await advance(gateway);
  await waitForRefresh(page, "tbody .badge", "running");
  expect(await page.evaluate("window.sameDocument")).toBe(true);
  await page.getByRole("link", { name: `${WATCHED}#4` }).click();
  await waitForText(page, ".title .badge", "running");
  await waitForText(page, ".trace", "no room");
  await page.evaluate("window.sameDocument = true");
  finishWatched();
  await waitForRefresh(page, ".title .badge", "success");
  await page.locator(".run-step", { hasText: "test" }).locator("summary").click();
  await waitForText(page, ".output", "all is well");
  expect(await page.evaluate("window.sameDocument")).toBe(true);
  expect(complaints).toEqual([]);
});

test("keeps what a reader has opened, focused or begun while it refreshes", async () => {
  const { page, complaints } = operator;
  await open("acme/kept", 1);
  const { id } = await waitForState("acme/kept", 1, "completed");
  await page.goto("/dashboard/validations");
  const link = page.locator(`a[href="/dashboard/validations/${id}"]`);
  await link.focus();

  await open("acme/kept", 2);

  await waitForRefresh(page, "a", "acme/kept#2");
  expect(await link.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  await page.locator("input[name=repo]").fill("acme/ke");
  await open("acme/kept", 3);
  await waitForRefresh(page, "#live", "Held while in use");
  const asked: string[] = [];
  page.on("request", (request) => void asked.push(request.url()));
  await page.clock.runFor(3 * REFRESH_MS);
  expect(asked).toEqual([]);
  expect(await page.locator("input[name=repo]").inputValue()).toBe("acme/ke");
  expect(await page.getByRole("link", { name: "acme/kept#3" }).count()).toBe(0);
  await page.locator("input[name=repo]").fill("");
  await page.locator("h1").click();
  await waitForRefresh(page, "a", "acme/kept#3");
  expect(asked).not.toEqual([]);
  await waitForRefresh(page, "#live", "Live");
  expect(complaints).toEqual([]);
});

test("replays a dead letter once it is asked back and confirmed", async () => {
  await open(REFUSED, 7);
  const { id } = await waitForState(REFUSED, 7, "dead");
  await open(REFUSED, 8);
  await waitForState(REFUSED, 8, "dead");
  const { page, complaints } = operator;
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
  await waitForRefresh(page, "tbody .badge", "done");
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
  const { page } = operator;
  await page.goto("/dashboard");
  // Another origin of the same host: its forms carry the password that the browser knows.
  await page.route(
    "http://evil.test/",
    (route) =>
      route.fulfill({
        contentType: "text/html",
        body: `<form method="post" action="${gateway.url}/dashboard/validations/${id}/rerun"><button>win</button></form>`,
      }),
    { times: 1 },
  );
  await page.goto("http://evil.test/");
  await page.getByRole("button").click();
  await page.waitForURL(/\/rerun$/);
  expect(await page.textContent("h1")).toBe("Not allowed");
  expect(
    await gateway.rows("SELECT count(*) AS n FROM validations WHERE repository = 'acme/forged'"),
  ).toEqual([{ n: 1 }]);
});

/** What is to hold of a page on every screen. */
async function expectGood(page: Page, name: PageName, screen: Screen): Promise<void> {
  await keepPicture(page, `${name}-${screen}`);
  // The same page in other colors: nothing else of it is different.
  const faults = await accessFaults(page, screen === "dark" ? "colors" : "all");
  expect({ screen, faults }).toEqual({ screen, faults: [] });
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(SCREENS[screen].width);
  expect(await page.evaluate("window.obeyed")).toBeUndefined();
  expect(await page.locator("main :is(img, script, iframe), a[href^='javascript:']").count()).toBe(0);
}

describe("every page", () => {
  let pages: Readonly<Record<PageName, string>>;
  beforeAll(async () => {
    pages = await fillPages(gateway);
  });

  test.each(PAGES)("obeys nothing, is accessible and fits every screen: %s", async (name) => {
    const { page, complaints, lookAt } = operator;
    const load = async (): Promise<void> => {
      await page.goto(pages[name]);
      if (name === "now") await page.locator(".plot canvas").nth(1).waitFor();
    };
    await load();
    if (SHOWS_HOSTILE.includes(name)) expect(await page.textContent("main")).toContain("window.obeyed=1");
    await expectGood(page, name, "light");
    await lookAt("dark");
    await expectGood(page, name, "dark");
    await lookAt("phone");
    // Plots are drawn for the screen that a page comes to; all else is a matter of style sheets.
    if (name === "now") await load();
    await expectGood(page, name, "phone");
    // What is not there is told by the status, which the browser notes.
    expect(complaints.filter((text) => !text.includes("status of 404"))).toEqual([]);
  });

  test("is found to be at fault where it is", async () => {
    const { page } = operator;
    await page.goto(pages["search-help"]);
    await page.evaluate("document.querySelector('h1').style.color = 'silver'");
    const colors = await accessFaults(page, "colors");
    expect(colors.map((fault) => fault.split(":")[0])).toEqual(["color-contrast"]);
    await page.evaluate("document.querySelector('main').append(new Image())");
    const all = await accessFaults(page);
    expect(all.map((fault) => fault.split(":")[0]).toSorted()).toEqual(["color-contrast", "image-alt"]);
  });

  test("shows a hostile name as it is written", async () => {
    const { page } = operator;
    await page.goto(pages["validation-hostile"]);
    expect(await page.textContent("h1")).toContain(`"><img src=x onerror="window.obeyed=1">`);
    expect(await page.textContent("h1")).toContain("\\u{202e}gpj.exe");
  });

  test("can be read without a script", async () => {
    const { page, setScripts } = operator;
    await setScripts(false);
    onTestFinished(() => setScripts(true));
    await page.goto("/dashboard");
    await keepPicture(page, "now-without-script");
    await page.locator("#hour-table tbody tr").first().waitFor();
    expect(await page.locator("#hour-table tbody tr").first().isVisible()).toBe(true);
    expect(await page.locator(".plot").first().isVisible()).toBe(false);
  });

  test("can be used by keyboard alone", async () => {
    const { page } = operator;
    await page.goto("/dashboard/dead-letters");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toContain("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
  });
});
