/**
 * Records what this version sends and asks of D1, for the tests of later versions:
 * `node test/versions/record.mjs <version>`. docs/releasing.md says when.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { createD1, migrated, migrations } from "./sqlite-d1.mjs";

const [, , version] = argv;
if (version === undefined) throw new Error("usage: node test/versions/record.mjs <version>");
const load = (path) => import(new URL(`../../${path}`, import.meta.url).href);
const { FACTS } = await load("test/versions/samples.ts");
const { GRAINCHAIN_STATUSES } = await load("shared/src/domain/validation.ts");
const { REQUEST, WAKE_UP } = await load("shared/src/messages/wake-up.ts");
const { createLog } = await load("shared/src/telemetry/log.ts");
const { recordBatch } = await load("consumer/src/record/record.ts");
const { createGrainchain } = await load("consumer/src/dispatch/grainchain.ts");
const { dispatchDue } = await load("consumer/src/dispatch/dispatch.ts");
const { watchStale } = await load("consumer/src/dispatch/watchdog.ts");
const { cancelDue } = await load("consumer/src/dispatch/cancel.ts");
const { claimReports, skipReports } = await load("shared/src/store/claim/reports.ts");
const { expireOld } = await load("consumer/src/maintain/retention.ts");

const folder = new URL(`./${version}/`, import.meta.url);
const database = migrated(migrations);
const statements = [];
const calls = [];
const db = createD1(database, (sql, values) => {
  const text = sql.trim().replaceAll(/\s+/g, " ");
  if (!statements.includes(text)) statements.push(text);
  calls.push([statements.indexOf(text), ...values]);
});

let nowMs = Date.parse("2026-11-01T10:02:00.000Z");
let ids = 0;
const deps = {
  db,
  log: createLog({ debug: false, write: () => {} }),
  now: () => new Date(nowMs),
  newId: () => `id-${++ids}`,
  random: () => 0,
  config: {
    ...{
      callbackBaseUrl: "https://gateway.test",
      callbackSecret: "callback secret",
      requestTimeoutMs: 30_000,
    },
    ...{
      maxConcurrent: 0,
      maxPerRepository: 0,
      maxAttempts: 8,
      validationTimeoutMs: 60_000,
      maxAgeMs: 3_600_000,
    },
    ...{ deliveriesDays: 14, validationsDays: 90 },
  },
  grainchain: createGrainchain(
    {
      ...{ apiUrl: "https://grainchain.test/", apiPrefix: "/api/v1/validation", apiKey: undefined },
      ...{ validationTimeoutMs: 60_000, maxMemory: "512MB", requestTimeoutMs: 30_000 },
    },
    answer,
    () => new Date(nowMs),
  ),
  wait: async () => {},
};
const policy = {
  ...{ validateDrafts: true, validateForks: "approval", asksGitHub: false, cancelSuperseded: true },
  ...{ reuseResults: true, reuseForMs: 86_400_000, githubAppId: 77, maxAgeMs: 3_600_000 },
};

/** A Grainchain that takes whatever comes, and has heard of it when asked. */
async function answer(_url, { method = "GET", body } = {}) {
  if (method === "DELETE") return Response.json({ success: true, message: "cancelled" });
  if (method === "GET") return Response.json({ status: "completed", results: { success: true } });
  const results = JSON.parse(body).requests.map(({ client_request_id }) => ({
    ...{ client_request_id, success: true, message: "", status: "pending" },
    validation_id: `grain-${client_request_id}`,
  }));
  return Response.json({ results });
}

async function record(facts) {
  const messages = facts.map((body, index) => ({
    id: `m${index}`,
    body,
    attempts: 8,
    timestamp: new Date(nowMs),
  }));
  const { verdicts } = await recordBatch({ db, policy, log: deps.log, now: deps.now }, messages);
  if (verdicts.some((verdict) => verdict !== "ack")) throw new Error("the samples could not be recorded");
}

const isCallback = ({ kind }) => kind === "callback";
const deliveries = FACTS.filter(({ kind }) => kind === "delivery");
await record(deliveries.slice(0, -1));
await dispatchDue(deps);
await record([...FACTS.filter(isCallback), "unreadable"]);
nowMs += 600_000;
await watchStale(deps);
await record([
  ...FACTS.filter(({ kind }) => kind === "order" || kind === "request"),
  ...deliveries.slice(-1),
]);
await cancelDue(deps);
await claimReports(db, "token", {
  leaseId: "lease",
  now: deps.now().toISOString(),
  leaseUntil: deps.now().toISOString(),
  limit: 5,
});
await skipReports(db, "no credentials", 5);
nowMs += 100 * 86_400_000;
const validations = database.prepare("SELECT id, state FROM validations ORDER BY id").all();
const beforeRetention = calls.length;
await expireOld(deps);
const left = database.prepare("SELECT count(*) AS n FROM timeline").get();

mkdirSync(folder, { recursive: true });
const write = (name, value) => writeFileSync(new URL(name, folder), `${JSON.stringify(value, null, 1)}\n`);
write("messages.json", {
  facts: FACTS,
  wakeUps: [
    { body: WAKE_UP, request: false },
    { body: REQUEST, request: true },
  ],
});
write("statements.json", {
  migration: migrations.at(-1),
  statements,
  calls: calls.slice(0, beforeRetention),
  validations,
  retention: calls.slice(beforeRetention),
  timelineLeft: left.n,
});
const parser = readFileSync(new URL("../../shared/src/messages/fact.ts", import.meta.url), "utf8").replace(
  'import { GRAINCHAIN_STATUSES } from "../domain/validation.ts";',
  `const GRAINCHAIN_STATUSES = ${JSON.stringify(GRAINCHAIN_STATUSES)} as const;`,
);
if (/from "(?!valibot)/.test(parser))
  throw new Error("the parser of facts imports what this does not freeze");
writeFileSync(new URL("fact.ts", folder), `// Frozen: shared/src/messages/fact.ts of ${version}.\n${parser}`);
