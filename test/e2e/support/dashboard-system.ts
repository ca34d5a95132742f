/** A gateway with a dashboard, and a browser with two windows, for all tests of a file. */
import type { Page } from "playwright-core";
import { beforeAll, beforeEach } from "vitest";
import { decides } from "../../grainchain/fault-policies.ts";
import type { Scenario } from "../../grainchain/run.ts";
import { succeeds } from "../../grainchain/scenarios.ts";
import { type GrainchainDouble, startDouble } from "../../grainchain/server.ts";
import { waitUntil } from "../../support/patience.ts";
import { cleanUpAfterFile } from "../../system/file-end.ts";
import { startBrowser, type Visit, visit } from "./browser.ts";
import { REFUSED, SCENARIOS } from "./dashboard-pages.ts";
import { type Gateway, SECRETS, startGateway } from "./gateway.ts";

/** No page waits longer before it refreshes itself. */
export const REFRESH_MS = 10_000;

export interface DashboardSystem {
  readonly gateway: Gateway;
  readonly grainchain: GrainchainDouble;
  /** A window that is logged in as an operator. */
  readonly operator: Visit;
  /** A window that is not logged in. */
  readonly stranger: Visit;
  /** Sets whether Grainchain refuses requests for {@link REFUSED} permanently. */
  refuse(refuses: boolean): void;
}

/**
 * Starts the system before the tests of a file.
 * @param scenarios the runs of further repositories
 * @returns the system, once the tests run
 */
export function shareDashboard(scenarios: ReadonlyMap<string, Scenario> = new Map()): () => DashboardSystem {
  const whenDone = cleanUpAfterFile();
  let system: DashboardSystem | undefined;
  const get = (): DashboardSystem => {
    if (system === undefined) throw new Error("the system is not started yet");
    return system;
  };
  beforeAll(async () => {
    const browser = await startBrowser();
    whenDone(() => browser.close());
    const grainchain = await startDouble({ whenDone });
    const all = new Map([...SCENARIOS, ...scenarios]);
    grainchain.script.scenario = (run) => (all.get(run.request.project_id) ?? succeeds)(run);
    const refuse = (refuses: boolean): void => {
      grainchain.script.policy = decides(({ project_id }) =>
        refuses && project_id === REFUSED ? { refused: "422 no such image", permanent: true } : "accept",
      );
    };
    refuse(true);
    const gateway = await startGateway(grainchain.url, {}, whenDone);
    const stranger = await visit(browser, gateway.url);
    const operator = await visit(browser, gateway.url);
    await operator.logIn(SECRETS.OPERATOR_TOKEN);
    // Time passes as usual in this window, and a test can move it forward.
    await operator.page.clock.install();
    system = { gateway, grainchain, operator, stranger, refuse };
  });
  beforeEach(async () => {
    const { operator } = get();
    await operator.lookAt("light");
    operator.complaints.length = 0;
  });
  return get;
}

export const waitForText = (page: Page, selector: string, text: string | RegExp) =>
  page.locator(selector, { hasText: text }).first().waitFor();

/** Waits for a text that appears with a refresh, moving the time forward. */
export const waitForRefresh = (page: Page, selector: string, text: string | RegExp) =>
  waitUntil(`${text} in ${selector}`, async () => {
    await page.clock.fastForward(REFRESH_MS);
    return (await page.locator(selector, { hasText: text }).count()) > 0;
  });
