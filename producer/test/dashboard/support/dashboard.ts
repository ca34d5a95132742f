/** The dashboard over data that a test decides about, and a log of what it was asked to do. */

import { readProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { Hono } from "hono";
import { expect } from "vitest";
import type { IdentifyByAccess } from "../../../src/auth/cloudflare-access.ts";
import { createAccessGuard } from "../../../src/auth/rate-limit.ts";
import { createTokens } from "../../../src/auth/tokens.ts";
import type { DashboardData } from "../../../src/dashboard/data.ts";
import { createDashboard } from "../../../src/dashboard/index.tsx";
import { NOW, ORIGIN, SECRETS } from "../../support/app.ts";
import { type Samples, samplesOf } from "./samples.ts";

export interface DashboardOptions {
  readonly samples?: Samples;
  readonly data?: Partial<DashboardData>;
  readonly access?: IdentifyByAccess;
  readonly now?: () => Date;
  readonly env?: Readonly<Record<string, string>>;
  /** Wrong passwords per address before the limit. */
  readonly limit?: number;
}

/** What the dashboard asked of its data, by name. */
export type Asked = readonly [name: string, ...given: unknown[]];

export function startDashboard(options: DashboardOptions = {}) {
  const asked: Asked[] = [];
  const lines: string[] = [];
  const limitedKeys: string[] = [];
  const data = { ...dataOf(options.samples ?? samplesOf("plain"), asked), ...options.data };
  const config = readProducerConfig({ ENVIRONMENT: "development", ...SECRETS, ...options.env });
  const log = createLog({ debug: true, write: (_level, line) => lines.push(line) });
  const now = options.now ?? (() => new Date(NOW));
  const limit = async ({ key }: { readonly key: string }) => {
    limitedKeys.push(key);
    return { success: limitedKeys.length <= (options.limit ?? Number.POSITIVE_INFINITY) };
  };
  const dashboard = createDashboard({
    config,
    findHolder: createTokens(config),
    identifyByAccess: options.access ?? (async () => undefined),
    data,
    guard: createAccessGuard({ limit: { limit }, log, now, countRefusal: () => {} }),
    log,
    now,
    newId: () => "request-1",
  });
  const app = new Hono({ strict: false }).route("/dashboard", dashboard);
  const fetch = async (path: string, init: RequestInit = {}, origin = ORIGIN): Promise<Response> =>
    app.request(`${origin}${path}`, init);
  return { fetch, asked, lines, limitedKeys };
}

/** Credentials as a browser sends them. */
export const basic = (password: string, name = "ada"): string =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${name}:${password}`)))}`;

export const asOperator = { headers: { authorization: basic(SECRETS.OPERATOR_TOKEN) } } as const;
export const asReader = { headers: { authorization: basic(SECRETS.READER_TOKEN) } } as const;

/** A form as a browser sends it from a page of the dashboard. A header that is null is left out. */
export function form(
  fields: readonly (readonly [name: string, value: string])[],
  headers: Readonly<Record<string, string | null>> = {},
): RequestInit {
  const all = {
    authorization: basic(SECRETS.OPERATOR_TOKEN),
    "content-type": "application/x-www-form-urlencoded",
    "sec-fetch-site": "same-origin",
    origin: "null",
    ...headers,
  };
  const given = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
  return {
    method: "POST",
    headers: Object.fromEntries(given),
    body: new URLSearchParams(fields.map(([name, value]) => [name, value])).toString(),
  };
}

function dataOf(samples: Samples, asked: Asked[]): DashboardData {
  const answer =
    <Value>(name: string, value: Value) =>
    async (...given: unknown[]): Promise<Value> => {
      asked.push([name, ...given]);
      return value;
    };
  const list = <Item>(name: string, item: Item) =>
    answer(name, { items: [item], next_cursor: "next-cursor" });
  return {
    overview: answer("overview", samples.overview),
    health: answer("health", samples.health),
    deliveries: list("deliveries", samples.delivery),
    validations: list("validations", samples.validation),
    validation: answer("validation", samples.detail),
    trace: answer("trace", samples.trace),
    deadLetters: list("deadLetters", samples.deadLetter),
    deadLetter: answer("deadLetter", samples.deadLetterDetail),
    replays: list("replays", samples.replay),
    reconciles: list("reconciles", samples.reconcile),
    previewDeadLetters: answer("previewDeadLetters", {
      dry_run: true,
      total: 12,
      sample: [samples.deadLetter],
    }),
    replay: answer("replay", samples.replay),
    discard: answer("discard", samples.replay),
    cancelReplay: answer("cancelReplay", samples.replay),
    flakes: list("flakes", samples.flake),
    actions: list("actions", samples.action),
    repositories: answer("repositories", [samples.times]),
    repository: answer("repository", {
      name: samples.times.repository,
      pauses: samples.overview.pauses,
      times: samples.times,
    }),
    pause: answer("pause", samples.pause),
    resume: answer("resume", { message: "the pause has ended", repository: null }),
    recordRefusal: answer("recordRefusal", undefined),
    isRevoked: async (id) => asked.some(([name, revoked]) => name === "revokeSession" && revoked === id),
    revokeSession: answer("revokeSession", undefined),
    cancel: answer("cancel", { accepted: true, message: "it will be cancelled" }),
    approve: answer("approve", { accepted: true, message: "it will be run" }),
    rerun: answer("rerun", { accepted: true, message: "it will be run again" }),
  };
}

/** The text of a page that is shown. */
export const pageOf = async (response: Response): Promise<string> => {
  expect(response.status).toBe(200);
  return response.text();
};

/** Every page that can be looked at. */
export const PAGES = [
  "/dashboard",
  "/dashboard/validations",
  "/dashboard/validations/some-id",
  "/dashboard/pulls/acme/widgets/12",
  "/dashboard/deliveries",
  "/dashboard/dead-letters",
  "/dashboard/dead-letters/some-id",
  "/dashboard/replays",
  "/dashboard/reconciles",
  "/dashboard/flakes",
  "/dashboard/actions",
  "/dashboard/repositories",
  "/dashboard/repositories/acme/widgets",
  "/dashboard/search",
  "/dashboard/search?q=acme/widgets%2312",
] as const;

/** Every form that does something, with fields that it takes. */
export const FORMS: readonly (readonly [path: string, fields: readonly (readonly [string, string])[]])[] = [
  [
    "/dashboard/dead-letters/confirm",
    [
      ["do", "replay-selected"],
      ["id", "dl-1"],
    ],
  ],
  [
    "/dashboard/dead-letters/replay",
    [
      ["scope", '{"all":true}'],
      ["reason", "fixed"],
      ["rate", "60"],
    ],
  ],
  [
    "/dashboard/dead-letters/discard",
    [
      ["scope", '{"all":true}'],
      ["reason", ""],
    ],
  ],
  ["/dashboard/replays/some-id/cancel", []],
  ["/dashboard/validations/some-id/cancel", []],
  ["/dashboard/validations/some-id/rerun", []],
  ["/dashboard/validations/some-id/approve", []],
  [
    "/dashboard/pause",
    [
      ["for_seconds", "3600"],
      ["reason", "upgrade"],
    ],
  ],
  ["/dashboard/resume", []],
  ["/dashboard/repositories/acme/widgets/pause", [["for_seconds", ""]]],
  ["/dashboard/repositories/acme/widgets/resume", []],
];
