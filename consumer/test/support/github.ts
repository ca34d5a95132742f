/** A world of a test's own: a double of GitHub, and what the effects on GitHub need, over the real D1 and budgets. */
import { env } from "cloudflare:workers";
import type { BudgetPolicy } from "@webhook-gateway/shared/config/consumer.ts";
import { createGitHub, type GitHubConfig } from "@webhook-gateway/shared/github/client.ts";
import { createRoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import pLimit from "p-limit";
import { expect, inject, onTestFinished } from "vitest";
import { type GitHub as Double, openGitHub } from "../../../test/github/client/client.ts";
import type { InstanceSpec } from "../../../test/github/client/spec.ts";
import { Invocations } from "../../../test/platform/invocations.ts";
import type { ApprovalDeps } from "../../src/github/approval.ts";
import { type Budgets, CALLS_AT_ONCE } from "../../src/github/send.ts";
import type { ReconcileDeps } from "../../src/recover/reconcile.ts";
import { reactDue } from "../../src/report/reaction.ts";
import { type ReportDeps, reportDue } from "../../src/report/report.ts";
import { rows } from "./database.ts";
import { type freshRepository, pullRequest, sha } from "./facts.ts";
import { POLICY, record } from "./recording.ts";

export type Repository = ReturnType<typeof freshRepository>;
export type { Double };

const DOUBLE = inject("githubDouble");
/** What GitHub's tokens are called in tests; nothing may print it. */
export const TOKEN = "github_pat_TESTtokenTESTtoken";
export const PUBLIC_URL = "https://gateway.test";

let worlds = 0;
let installations = 7_000;

/** An installation that no other test has. */
export const freshInstallation = (): number => ++installations;

export interface WorldOptions extends Partial<InstanceSpec> {
  readonly mode: "app" | "token" | "none";
  /** Of the App: one installation each. */
  readonly repositories?: string[];
  /** `strict` if it is not given: what GitHub documents. */
  readonly budget?: BudgetPolicy;
  readonly config?: Partial<GitHubConfig>;
  readonly db?: D1Database;
}

export type Deps = ReportDeps & ReconcileDeps & ApprovalDeps;

export interface World {
  readonly double: Double;
  readonly deps: Deps;
  readonly clock: { nowMs: number };
  /** What was logged. */
  readonly lines: string[];
  /** Another consumer, in an isolate of its own: it knows no token. */
  readonly another: (config?: Partial<GitHubConfig>, db?: D1Database) => Deps;
  /** Records facts at the world's time. */
  readonly record: (...facts: Parameters<typeof record>[0]) => Promise<void>;
  /** Performs reports, and again what is due at once. */
  readonly report: (deps?: Deps) => Promise<readonly string[]>;
  readonly react: () => Promise<readonly string[]>;
  readonly pass: (seconds: number) => void;
  /** Requests that changed something, in order, as `POST /repos/…`. */
  readonly writes: () => Promise<string[]>;
}

/** Opens a world. Its end checks that GitHub was asked for nothing unheard of, and that nothing secret got out. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { mode, budget = "strict", config: given = {}, db = env.DB, repositories = [], ...spec } = options;
  const world = ++worlds;
  const double = await openGitHub(DOUBLE.url, {
    ...(mode === "app" ? { app: { id: DOUBLE.appId, publicKeyPem: DOUBLE.publicKey } } : { tokens: [TOKEN] }),
    ...(mode === "app"
      ? { installations: repositories.map((name) => installationOf(name)) }
      : { repositories }),
    ...spec,
  });
  const clock = { nowMs: Date.now() };
  const now = () => new Date(clock.nowMs);
  const lines: string[] = [];
  const log = createLog({ debug: true, write: (_, line) => void lines.push(line) });
  const configured: GitHubConfig = {
    apiUrl: double.url,
    token: mode === "token" ? TOKEN : undefined,
    appId: mode === "app" ? String(DOUBLE.appId) : undefined,
    privateKey: mode === "app" ? DOUBLE.privateKeyPkcs1 : undefined,
    ...given,
  };
  const depsOf = (invocations: Invocations, config: Partial<GitHubConfig>, itsDb: D1Database): Deps => ({
    db: itsDb,
    github: createGitHub(
      { ...configured, ...config },
      invocations.fetch((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init)),
      now,
    ),
    runPageUrl: async (id) => `${PUBLIC_URL}/runs/${id}/token`,
    reportSkipped: true,
    permissions: new Map(),
    policy: { ...POLICY, githubAppId: DOUBLE.appId },
    atOnce: pLimit(CALLS_AT_ONCE),
    budgets: budgetsOf(world, budget, invocations.namespace(env.BUDGETS)),
    log,
    now,
    random: () => 0,
    newId: () => crypto.randomUUID(),
    record: { db: itsDb, policy: { ...POLICY, githubAppId: DOUBLE.appId }, log, now },
    routing: createRoutingPolicy({ REPOSITORY_ALLOW: [], REPOSITORY_DENY: [], VALIDATE_PUSH_BRANCHES: [] }),
  });
  const another = (config: Partial<GitHubConfig> = {}, given = db): Deps => {
    const its = new Invocations();
    return depsOf(its, config, its.database(given));
  };
  const invocations = new Invocations();
  const deps = depsOf(invocations, {}, invocations.database(db));
  onTestFinished(async () => {
    expect(await double.violations()).toEqual([]);
    await expectNothingSecret(double, lines);
    await double.close();
  });
  return {
    double,
    deps,
    clock,
    lines,
    another,
    record: async (...facts) => void (await record(facts, { db, now, log, policy: deps.record.policy })),
    report(its = deps) {
      invocations.next();
      return reportDue(its);
    },
    react() {
      invocations.next();
      return reactDue(deps);
    },
    pass: (seconds) => {
      clock.nowMs += seconds * 1000;
    },
    writes: async () =>
      (await double.requests())
        .filter(({ method, operation_id }) => method !== "GET" && operation_id !== TOKEN_OPERATION)
        .map(({ method, path }) => `${method} ${path}`),
  };
}

const TOKEN_OPERATION = "apps/create-installation-access-token";

/** How often installations were given a token. */
export const tokensGiven = async (double: Double): Promise<number> => (await double.state()).tokens.length;

export const installationOf = (...names: string[]) => ({
  id: freshInstallation(),
  account: names[0]?.split("/")[0] ?? "",
  repositories: names,
});

/** The real Durable Objects, one set a world. */
function budgetsOf(world: number, policy: BudgetPolicy, namespace: typeof env.BUDGETS): Budgets {
  const budget = (name: string) => namespace.getByName(`${world} ${name}`);
  return {
    take: (name, lease, wanted, nowMs) => budget(name).take(policy, lease, [...wanted], nowMs),
    settle: (name, ...given) => budget(name).settle(...given),
  };
}

/** No token, key or signed JWT in any row or log line. */
async function expectNothingSecret(double: Double, lines: readonly string[]): Promise<void> {
  const { tokens } = await double.state();
  const secrets = [TOKEN, ...tokens.map(({ token }) => token), ...keyLines()];
  const tables = [
    "reports",
    "reactions",
    "reconciles",
    "settings",
    "dead_letters",
    "deliveries",
    "repositories",
  ];
  const stored = await Promise.all(tables.map((table) => rows(`SELECT * FROM ${table}`)));
  const said = [...lines, JSON.stringify(stored)];
  expect(secrets.filter((secret) => said.some((text) => text.includes(secret)))).toEqual([]);
  expect(said.filter((text) => /\beyJ[\w-]+\.[\w-]+\.|bearer /i.test(text))).toEqual([]);
}

const keyLines = (): string[] =>
  `${DOUBLE.privateKeyPkcs1}\n${DOUBLE.privateKeyPkcs8}`
    .split("\n")
    .filter((line) => line.length > 30 && !line.includes("-----"));

/** Our id of the first run of a pull request's head. */
export const runOf = (repository: Repository, head: string, run = 1, number = 12): string =>
  `${repository.id}-pr-${number}-${sha(head)}-${run}`;

/** What GitHub was told, in order, in the words of check runs or of statuses. */
export async function told({ double }: World): Promise<string[]> {
  const { check_runs, statuses } = await double.state();
  const history = Object.values(check_runs).flatMap(({ history: bodies }) => bodies);
  const runs = history
    .toSorted((a, b) => a.at - b.at)
    .map(({ body }) => String(body.conclusion ?? body.status));
  return [...runs, ...statuses.map(({ state }) => state)];
}

/** What GitHub shows now: the newest check run's, or the newest status's. */
export async function shown({ double }: World): Promise<string | undefined> {
  const { check_runs, statuses } = await double.state();
  const [newest] = Object.values(check_runs).toSorted((a, b) => b.id - a.id);
  return newest === undefined ? statuses.at(-1)?.state : (newest.conclusion ?? newest.status);
}

export interface StoredReport {
  readonly validation_id: string;
  readonly state: string;
  readonly status: string;
  readonly reason: string | null;
  readonly error: string | null;
  readonly attempts: number;
  readonly due_at: string;
  readonly claims: number;
  readonly posts: number;
  readonly posted_state: string | null;
  readonly external_id: string | null;
}

export const reportOf = async (validationId: string): Promise<StoredReport> => {
  const [report] = await rows<StoredReport>("SELECT * FROM reports WHERE validation_id = ?1", validationId);
  if (report === undefined) throw new Error(`no report of ${validationId}`);
  return report;
};

/** Queues a head for each of so many pull requests, and gives the ids of their validations. */
export async function queueHeads(
  world: World,
  repository: Repository,
  count: number,
  from = 1,
): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  await world.record(...numbers.map((number) => pullRequest(repository, number)("opened", `h${number}`, 1)));
  return numbers.map((number) => runOf(repository, `h${number}`, 1, number));
}

/** The world's requests that match, as they were answered. */
export const asked = async ({ double }: World, path: RegExp): Promise<(number | null)[]> =>
  (await double.requests()).filter((request) => path.test(request.path)).map(({ status }) => status);

/** The gate in front of GitHub; null where it was never closed. */
export async function gateOf(): Promise<{
  readonly state: string;
  readonly detail?: string;
  readonly until?: string;
} | null> {
  const [gate] = await rows<{ value: string }>("SELECT value FROM settings WHERE name = 'gate:github'");
  return gate === undefined ? null : JSON.parse(gate.value);
}
