import { describe, expect, test } from "vitest";
import { answers } from "../grainchain/fault-policies.ts";
import { succeedsAfter } from "../grainchain/scenarios.ts";
import { advance } from "../system/driver.ts";
import { accessFaults, keepPicture } from "./support/browser.ts";
import { REFUSED } from "./support/dashboard-pages.ts";
import { REFRESH_MS, shareDashboard, waitForRefresh, waitForText } from "./support/dashboard-system.ts";
import { SECRETS } from "./support/gateway.ts";
import { openPull, waitForState as waitForRun } from "./support/pull-requests.ts";

const WATCHED = "acme/watched";

const { promise: released, resolve: finishWatched } = Promise.withResolvers<void>();
const shared = shareDashboard(new Map([[WATCHED, succeedsAfter(released, "all is well")]]));

const open = (repo: string, pr: number) => openPull(shared().gateway, repo, pr);
const waitForState = (repo: string, pr: number, state: string) =>
  waitForRun(shared().gateway, repo, pr, state);

describe("a visitor", () => {
  test("is led to the login form, and told that a token is wrong", async () => {
    const { page, logIn } = shared().stranger;
    await page.goto("/dashboard/replays");
    const { pathname, search } = new URL(page.url());
    expect(`${pathname}${search}`).toBe("/dashboard/login?next=%2Fdashboard%2Freplays");
    await keepPicture(page, "login");
    expect(await accessFaults(page)).toEqual([]);
    await logIn("guess");
    await waitForText(page, "[role=alert]", "This token is not valid.");
    expect(await page.textContent("h1")).toBe("Sign in");
  });

  test("gets to the page that a link on another site names, while signed in, and out again", async () => {
    const { gateway, stranger } = shared();
    const { page, logIn } = stranger;
    await logIn(SECRETS.READER_TOKEN);
    await waitForText(page, "h1", "Gateway status");
    const link = `<a href="${gateway.url}/dashboard/actions">go</a>`;
    await page.goto(`data:text/html,${encodeURIComponent(link)}`);
    await page.getByRole("link").click();
    await waitForText(page, "h1", "Actions");
    await page.getByRole("button", { name: "Sign out" }).click();
    await waitForText(page, "h1", "Sign in");
    await page.goto("/dashboard/actions");
    expect(await page.textContent("h1")).toBe("Sign in");
  });

  test("is redirected from the gateway's address to the overview", async () => {
    const { page, complaints } = shared().operator;
    await page.goto("/");
    expect(new URL(page.url()).pathname).toBe("/dashboard");
    expect(await page.textContent("h1")).toBe("Gateway status");
    expect(complaints).toEqual([]);
  });

  test("may only read with the reader's password", async () => {
    const { gateway, stranger } = shared();
    const { guid } = await gateway.send("pull_request.opened", { repo: "acme/read", pr: 1 });
    const { id } = await gateway.waitForEnd(guid);
    const { page, logIn } = stranger;
    await logIn(SECRETS.READER_TOKEN);
    await page.goto(`/dashboard/validations/${id}`);
    await waitForText(page, "footer", "reader:reader, who cannot change anything");
    expect(await page.locator("main form").count()).toBe(0);
  });
});

test("follows a run from the queue to its end", async () => {
  const { gateway, grainchain, operator } = shared();
  const { page, complaints } = operator;
  await page.goto(`/dashboard/validations?repo=${encodeURIComponent(WATCHED)}`);
  await waitForText(page, ".empty", "No validations match");
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

test("keeps the focus and the text that is being typed during refreshes", async () => {
  const { page, complaints } = shared().operator;
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
  await waitForRefresh(page, "#live", "Paused while in use");
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

test("replays a selected dead letter after a confirmation", async () => {
  const { gateway, operator, refuse } = shared();
  await open(REFUSED, 7);
  const { id } = await waitForState(REFUSED, 7, "dead");
  await open(REFUSED, 8);
  await waitForState(REFUSED, 8, "dead");
  const { page, complaints } = operator;
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "2 dead letters", exact: true }).click();
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
  await waitForText(page, "tbody", "by operator:operator: the image is there");
  await waitForState(REFUSED, 7, "completed");
  const rows = await gateway.rows("SELECT requested_by, reason, total, rate FROM replays");
  expect(rows).toEqual([
    { requested_by: "operator:operator", reason: "the image is there", total: 1, rate: 600 },
  ]);
  await page.goto("/dashboard/dead-letters?state=replayed");
  await waitForText(page, "tbody", "replayed");
  expect(complaints).toEqual([]);
  refuse(true);
});

test.each([
  ["a repository", "/dashboard/repositories/acme/held", "Pause this repository", "acme/held"],
  ["all repositories", "/dashboard", "Pause all repositories", null],
])("pauses dispatch of %s, and resumes it", async (_, path, button, target) => {
  const { gateway, operator } = shared();
  const { page, complaints } = operator;
  const pr = target === null ? 2 : 1;
  // Before its first delivery, nobody knows the repository.
  await open("acme/held", 10 + pr);
  await waitForState("acme/held", 10 + pr, "completed");
  await page.goto(path);
  await page.getByText("Pause dispatch", { exact: true }).click();
  await page.getByRole("combobox").selectOption("2 hours");
  await page.getByLabel("Reason, for the record").fill("its tests loop");
  await keepPicture(page, `pause-${target === null ? "all" : "one"}`);
  expect(await accessFaults(page)).toEqual([]);
  await page.getByRole("button", { name: button }).click();
  await waitForText(page, ".notice", "Dispatch is paused.");
  await waitForText(page, "main", "is paused by operator:operator since");

  await open("acme/held", pr);
  await waitForState("acme/held", pr, "queued");
  await page.getByRole("button", { name: "Resume dispatch" }).click();
  await waitForText(page, ".notice", "The pause has ended.");

  await waitForState("acme/held", pr, "completed");
  expect(await page.getByText("is paused by").count()).toBe(0);
  const actions = await gateway.rows(
    "SELECT action, actor, target, reason, outcome FROM operator_actions ORDER BY at DESC LIMIT 2",
  );
  const common = { actor: "operator:operator", target, outcome: "done" };
  expect(actions).toEqual([
    { ...common, action: "resume", reason: null },
    { ...common, action: "pause", reason: "its tests loop" },
  ]);
  expect(complaints).toEqual([]);
});

test("rejects a form that another site sends", async () => {
  const { gateway, operator } = shared();
  await open("acme/forged", 1);
  const { id } = await waitForState("acme/forged", 1, "completed");
  const { page } = operator;
  await page.goto("/dashboard");
  // The browser is signed in, and holds its cookie back from a form of another site.
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
  await page.waitForURL(/\/login$/);
  expect(await page.textContent("h1")).toBe("Sign in");
  expect(
    await gateway.rows("SELECT count(*) AS n FROM validations WHERE repository = 'acme/forged'"),
  ).toEqual([{ n: 1 }]);
});
