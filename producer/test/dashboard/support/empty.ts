/** A gateway where nothing has happened, or where something is not there. */
import type { DashboardData } from "../../../src/dashboard/data.ts";
import { samplesOf } from "./samples.ts";

/** What is not there. */
export const absent = async (): Promise<undefined> => undefined;

/** A list without anything in it. */
export const nothing = async () => ({ items: [], next_cursor: null });

const plain = samplesOf("plain");
export const EMPTY: Partial<DashboardData> = {
  overview: async () => ({
    ...plain.overview,
    states: {},
    waiting: { live: 0, replay: 0, backing_off: 0, oldest_at: null, next_due_at: null },
    gates: plain.overview.gates.map(({ name }) => ({
      ...{ name, state: "open", reason: null, detail: null, since: null, until: null },
    })) as typeof plain.overview.gates,
    dead_letters: [],
    reports: { due: 0, oldest_due_at: null, dead: 0 },
    events: { oldest_at: null },
    cancels: { due: 0, dead: 0 },
    deliveries: { last_at: null, last_hour: 0, recovered_last_day: 0 },
    pauses: [],
    replays_running: 0,
    reused_last_day: 0,
    database: { bytes: 0, max_bytes: 10_000_000_000, shortened: null },
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
      consumer: { status: "unknown" },
    },
  }),
  deliveries: nothing,
  validations: nothing,
  deadLetters: nothing,
  replays: nothing,
  reconciles: nothing,
  flakes: nothing,
  actions: nothing,
  repositories: async () => [],
  repository: async (name) => ({ name, pauses: [], times: undefined }),
};
