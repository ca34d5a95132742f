/** Debian's Chromium, as an operator uses it, and what it complains of. */
import { accessSync, constants, mkdirSync } from "node:fs";
import path from "node:path";
import axe, { type AxeResults } from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ROOT } from "../../../dev/settings.ts";

/** Screenshots are kept here for those who want to look. */
const PICTURES = path.join(ROOT, ".artifacts", "dashboard");

/** What a screen is like: by light, by dark, on a phone. */
export const SCREENS = {
  light: { viewport: { width: 1360, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1360, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
} as const satisfies Record<string, BrowserContextOptions>;

/** @throws where there is no browser: what it would have shown is not shown */
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

/** A page, with all that its browser complained of: errors, and what the policy stopped. */
export interface Visit {
  readonly page: Page;
  readonly complaints: string[];
}

/** Opens a browser window of its own. The password is given when it is asked for, as a person does. */
export async function visit(
  browser: Browser,
  options: BrowserContextOptions & { readonly password?: string },
): Promise<Visit> {
  const { password, ...others } = options;
  const credentials = password === undefined ? {} : { httpCredentials: { username: "ada", password } };
  const context = await browser.newContext({ ...others, ...credentials });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return { page, complaints };
}

/** Keeps a picture of the whole page. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true });
}

/** What axe-core finds to be a serious or critical fault of the page, each with where. */
export async function accessFaults(page: Page): Promise<string[]> {
  // Evaluated by the browser's debugger, which the page's policy does not bind.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
}
