import type { Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { accessFaults, keepPicture, SCREENS, type Screen } from "./support/browser.ts";
import { fillPages, PAGES, type PageName, SHOWS_HOSTILE } from "./support/dashboard-pages.ts";
import { shareDashboard } from "./support/dashboard-system.ts";

const shared = shareDashboard();

/** Checks what must hold for a page on every screen. */
async function expectSoundPage(page: Page, name: PageName, screen: Screen): Promise<void> {
  await keepPicture(page, `${name}-${screen}`);
  // Dark is the same page in other colors.
  const faults = await accessFaults(page, screen === "dark" ? "colors" : "all");
  expect({ screen, faults }).toEqual({ screen, faults: [] });
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(SCREENS[screen].width);
  expect(await page.evaluate("window.obeyed")).toBeUndefined();
  expect(await page.locator("main :is(img, script, iframe), a[href^='javascript:']").count()).toBe(0);
}

describe("every page", () => {
  let pages: Readonly<Record<PageName, string>>;
  beforeAll(async () => {
    pages = await fillPages(shared().gateway);
  });

  test.each(PAGES)("runs no injected script, is accessible, and fits every screen: %s", async (name) => {
    const { page, complaints, lookAt } = shared().operator;
    const load = async (): Promise<void> => {
      await page.goto(pages[name]);
      if (name === "now") await page.locator(".plot canvas").nth(1).waitFor();
    };
    await load();
    if (SHOWS_HOSTILE.includes(name)) expect(await page.textContent("main")).toContain("window.obeyed=1");
    await expectSoundPage(page, name, "light");
    await lookAt("dark");
    await expectSoundPage(page, name, "dark");
    await lookAt("phone");
    // Plots are drawn for the screen on which the page is loaded; all else is done by style sheets.
    if (name === "now") await load();
    await expectSoundPage(page, name, "phone");
    // The browser reports the status of the page that is not found.
    expect(complaints.filter((text) => !text.includes("status of 404"))).toEqual([]);
  });

  test("has its faults found, if it has any", async () => {
    const { page } = shared().operator;
    await page.goto(pages["search-help"]);
    await page.evaluate("document.querySelector('h1').style.color = 'silver'");
    const colors = await accessFaults(page, "colors");
    expect(colors.map((fault) => fault.split(":")[0])).toEqual(["color-contrast"]);
    await page.evaluate("document.querySelector('main').append(new Image())");
    const all = await accessFaults(page);
    expect(all.map((fault) => fault.split(":")[0]).toSorted()).toEqual(["color-contrast", "image-alt"]);
  });

  test("shows a hostile name literally", async () => {
    const { page } = shared().operator;
    await page.goto(pages["validation-hostile"]);
    expect(await page.textContent("h1")).toContain(`"><img src=x onerror="window.obeyed=1">`);
    expect(await page.textContent("h1")).toContain("\\u{202e}gpj.exe");
  });

  test("can be read without scripts", async () => {
    const { page, setScripts } = shared().operator;
    await setScripts(false);
    onTestFinished(() => setScripts(true));
    await page.goto("/dashboard");
    await keepPicture(page, "now-without-script");
    await page.locator("#hour-table tbody tr").first().waitFor();
    expect(await page.locator("#hour-table tbody tr").first().isVisible()).toBe(true);
    expect(await page.locator(".plot").first().isVisible()).toBe(false);
  });

  test("can be used with the keyboard alone", async () => {
    const { page } = shared().operator;
    await page.goto("/dashboard/dead-letters");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toContain("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
  });
});
