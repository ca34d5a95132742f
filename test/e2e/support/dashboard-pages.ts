/** The dashboard's pages, and their content. */

import { runPagePath } from "@webhook-gateway/shared/domain/capability.ts";
import type { Scenario } from "../../grainchain/run.ts";
import { failsTests, runsUntilCancelled } from "../../grainchain/scenarios.ts";
import { insertHistory, insertHostile, pauseRepository } from "./dashboard-rows.ts";
import { printsLongOutput } from "./dashboard-scenarios.ts";
import { type Gateway, SECRETS } from "./gateway.ts";
import { openPull, waitForState } from "./pull-requests.ts";

/** Grainchain has to refuse its runs permanently. */
export const REFUSED = "acme/refused";
const WIDGETS = "acme/widgets";
const BROKEN = "acme/broken";
const SLOW = "acme/slow";

/** The scenario of each repository's runs. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([
  [BROKEN, failsTests],
  [SLOW, runsUntilCancelled],
  [WIDGETS, printsLongOutput],
]);

/** The names of all pages. */
export const PAGES = [
  ...(["now", "validations", "validation", "validation-hostile", "pull", "deliveries"] as const),
  ...(["dead-letters", "dead-letter", "dead-letter-hostile", "replays", "reconciles", "flakes"] as const),
  ...(["actions", "repositories", "repository", "repository-paused"] as const),
  ...(["search", "search-help", "not-found", "run-live", "run-ended", "run-hostile"] as const),
] as const;
export type PageName = (typeof PAGES)[number];

/** The pages that show a row of {@link insertHostile}. */
export const SHOWS_HOSTILE: readonly PageName[] = [
  ...(["validations", "validation", "validation-hostile", "deliveries"] as const),
  ...(["dead-letters", "dead-letter-hostile", "run-hostile"] as const),
];

/** Gives every page some content. @returns their paths */
export async function fillPages(gateway: Gateway): Promise<Readonly<Record<PageName, string>>> {
  await openPull(gateway, REFUSED, 9);
  await openPull(gateway, SLOW, 3);
  await openPull(gateway, BROKEN, 12);
  await openPull(gateway, WIDGETS, 41);
  await waitForState(gateway, REFUSED, 9, "dead");
  const live = await waitForState(gateway, SLOW, 3, "running");
  const ended = await waitForState(gateway, BROKEN, 12, "completed");
  const { id } = await waitForState(gateway, WIDGETS, 41, "completed");
  await insertHostile(gateway.rows);
  await insertHistory(gateway.rows);
  await pauseRepository(gateway.rows, BROKEN);
  const deadLetter = await gateway.waitFor("SELECT id FROM dead_letters WHERE repository = ?1", REFUSED);
  return {
    now: "/dashboard",
    validations: "/dashboard/validations",
    validation: `/dashboard/validations/${id}`,
    "validation-hostile": "/dashboard/validations/hostile-1",
    pull: `/dashboard/pulls/${WIDGETS}/41`,
    deliveries: "/dashboard/deliveries",
    "dead-letters": "/dashboard/dead-letters",
    "dead-letter": `/dashboard/dead-letters/${encodeURIComponent(String(deadLetter.id))}`,
    "dead-letter-hostile": "/dashboard/dead-letters/hostile-dead-letter",
    replays: "/dashboard/replays",
    actions: "/dashboard/actions",
    repositories: "/dashboard/repositories",
    repository: `/dashboard/repositories/${WIDGETS}`,
    "repository-paused": `/dashboard/repositories/${BROKEN}`,
    reconciles: "/dashboard/reconciles",
    flakes: "/dashboard/flakes",
    search: `/dashboard/search?q=${encodeURIComponent(`${WIDGETS}#41`)}`,
    "search-help": "/dashboard/search",
    "not-found": "/dashboard/validations/none",
    "run-live": await runPage(live.id),
    "run-ended": await runPage(ended.id),
    "run-hostile": await runPage("hostile-1"),
  };
}

const runPage = (id: unknown) => runPagePath(SECRETS.GRAINCHAIN_CALLBACK_SECRET, String(id));
