/** Debian's Chromium, as an operator uses it, and the errors that it reports. */
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import axe, { type AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { patienceMs } from "../../support/patience.ts";

/** The folder for screenshots, which are kept with `KEEP_PICTURES=1`. */
const PICTURES = path.join(ROOT, ".artifacts", "dashboard");

/** Screens in light and dark, and of a phone. */
export const SCREENS = {
  light: { width: 1360, height: 900, colorScheme: "light", mobile: false },
  dark: { width: 1360, height: 900, colorScheme: "dark", mobile: false },
  phone: { width: 390, height: 844, colorScheme: "light", mobile: true },
} as const;

export type Screen = keyof typeof SCREENS;

/** @throws if there is no browser: a skipped test would prove nothing */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  try {
    accessSync(executablePath, constants.X_OK);
  } catch {
    throw new Error(
      `no browser at ${executablePath}: install Debian's chromium (apt-get install chromium) or set CHROMIUM_PATH`,
    );
  }
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
  ];
  return chromium.launch({ executablePath, args });
}

/** A window, with all errors and policy violations that its browser reported. */
export interface Visit {
  readonly page: Page;
  readonly complaints: string[];
  /** Signs in with the form of the dashboard. */
  logIn(token: string): Promise<void>;
  /** Shows the page on another screen. */
  lookAt(screen: Screen): Promise<void>;
  setScripts(enabled: boolean): Promise<void>;
}

/** Opens a browser window. That takes longer than most tests, so many of them can share one. */
export async function visit(browser: Browser, baseURL: string): Promise<Visit> {
  const context = await browser.newContext({ baseURL });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs());
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  const devTools = await context.newCDPSession(page);
  return {
    page,
    complaints,
    async logIn(token) {
      await page.goto("/dashboard/login");
      await page.getByLabel("Token").fill(token);
      const answered = page.waitForEvent("framenavigated");
      await page.getByRole("button", { name: "Sign in" }).click();
      await answered;
    },
    async lookAt(screen) {
      const { colorScheme, ...metrics } = SCREENS[screen];
      await page.emulateMedia({ colorScheme });
      await devTools.send("Emulation.setDeviceMetricsOverride", { ...metrics, deviceScaleFactor: 1 });
      await devTools.send("Emulation.setTouchEmulationEnabled", { enabled: metrics.mobile });
    },
    setScripts: async (enabled) => {
      await devTools.send("Emulation.setScriptExecutionDisabled", { value: !enabled });
    },
  };
}

/** Keeps a screenshot of the whole page with `KEEP_PICTURES=1`. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (!process.env.KEEP_PICTURES) return;
  mkdirSync(PICTURES, { recursive: true });
  // Playwright's own pictures forget which screen the page is on.
  const devTools = await page.context().newCDPSession(page);
  const { cssContentSize } = await devTools.send("Page.getLayoutMetrics");
  const clip = { ...cssContentSize, scale: 1 };
  const { data } = await devTools.send("Page.captureScreenshot", { captureBeyondViewport: true, clip });
  await devTools.detach();
  writeFileSync(path.join(PICTURES, `${name}.png`), Buffer.from(data, "base64"));
}

const RULES = {
  all: "{ preload: false, resultTypes: ['violations'] }",
  colors:
    "{ preload: false, resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block'] }",
} as const;

/** The serious and critical violations that axe-core finds on a page, with their locations. */
export async function accessFaults(page: Page, rules: keyof typeof RULES = "all"): Promise<string[]> {
  // Evaluated by the browser's debugger, which the page's policy does not restrict.
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${RULES[rules]})`);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
}
