/** The loads that are calculated. What they assume is here, and said with the figures. */
import { shardsFor } from "./capacity.ts";
import type { Load, Measured, Mix } from "./cost.ts";
import { SECONDS_A_MONTH } from "./limits.ts";

/**
 * Of the deliveries of a hook that is subscribed to the events that are routed: three in ten start a validation, half are
 * recorded only (closes, pushes, what is stale), two in ten need nothing. An assumption: `--validated` and `--noted`
 * change it.
 */
export const MIX: Mix = { validated: 0.3, noted: 0.5, ignored: 0.2 };

const DEFAULTS = { deliveriesDays: 14, validationsDays: 90, archive: false, installations: 1, shards: 1 };

type Given = Omit<Load, "mix" | "shards">;

const GIVEN: readonly Given[] = [
  // A busy repository: two thousand deliveries a day.
  { ...DEFAULTS, name: "one repository, 60,000 a month", deliveriesPerSecond: 60_000 / SECONDS_A_MONTH },
  { ...DEFAULTS, name: "an organisation, 10 million a month", deliveriesPerSecond: 10e6 / SECONDS_A_MONTH },
  {
    ...DEFAULTS,
    name: "the same, validations for 14 days, archived",
    deliveriesPerSecond: 10e6 / SECONDS_A_MONTH,
    validationsDays: 14,
    archive: true,
  },
  // Many organisations, each with an installation of its own.
  { ...DEFAULTS, name: "a host, 1,000 a second", deliveriesPerSecond: 1_000, installations: 2_500 },
  {
    ...DEFAULTS,
    name: "the same, all for 4 days, archived",
    deliveriesPerSecond: 1_000,
    installations: 2_500,
    validationsDays: 4,
    deliveriesDays: 4,
    archive: true,
  },
];

/** Each with as many shards as it needs. */
export const loadsFor = (measured: Measured, mix: Mix): readonly Load[] =>
  GIVEN.map((given) => {
    const alone: Load = { ...given, mix, shards: 1 };
    return { ...alone, shards: shardsFor(measured, alone) };
  });
