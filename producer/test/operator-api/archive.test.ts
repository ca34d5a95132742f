import { env } from "cloudflare:workers";
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { runPagePath } from "@webhook-gateway/shared/domain/capability.ts";
import {
  deleteValidations,
  loadOldValidations,
  loadValidationRows,
} from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { beforeEach, expect, test } from "vitest";
import { NOW, ORIGIN, SECRETS } from "../support/app.ts";
import { empty } from "../support/database.ts";
import { type Api, startApi } from "./support/api.ts";
import {
  insertDelivery,
  insertReport,
  insertTransition,
  insertValidation,
  minute,
} from "./support/insert.ts";

beforeEach(empty);

const WHOLE = {
  success: false,
  test_results: {
    test: { status: "failed", exit_code: 1, output: `${"before\n".repeat(3000)}the last line` },
  },
};
const DIGEST = { success: false, test_results: { test: { status: "failed", exit_code: 1, output: "last" } } };

let pulls = 0;
const newId = (): string => `7-pr-${++pulls}-${"e".repeat(40)}-1`;

/** A bucket that cannot be read. */
const AWAY = {
  get: () => Promise.reject(new Error("We encountered an internal error. (10001)")),
  put: () => Promise.reject(new Error("We encountered an internal error. (10001)")),
  delete: () => Promise.reject(new Error("We encountered an internal error. (10001)")),
};

const pageOf = async (api: Api, id: string) => {
  const response = await api.fetch(
    new Request(ORIGIN + (await runPagePath(SECRETS.GRAINCHAIN_CALLBACK_SECRET, id))),
  );
  return { status: response.status, html: await response.text() };
};

/** A validation that ended with large results. */
async function ended(id: string, more: Record<string, string> = {}): Promise<void> {
  const results = JSON.stringify({ ...DIGEST, archived: `results/${id}/c-1.json` });
  await insertValidation({
    id,
    state: "completed",
    conclusion: "failure",
    delivery_id: `d-${id}`,
    results,
    ...more,
  });
  await insertTransition({
    validation_id: id,
    from_state: null,
    to_state: "queued",
    reason: "pull_request opened",
  });
  await insertTransition({
    validation_id: id,
    from_state: "running",
    to_state: "completed",
    reason: "callback",
  });
  await insertDelivery({ id: `d-${id}`, validation_id: id, outcome: "started", occurred_at: minute(-1) });
  await insertReport({ validation_id: id, status: "posted", state: "completed" });
  await env.ARCHIVE.put(`results/${id}/c-1.json`, JSON.stringify(WHOLE));
}

/** Writes a validation to the archive, as retention does. */
async function archive(id: string): Promise<void> {
  const [rows] = await loadValidationRows(env.DB, [id]);
  const archived = { archived_at: NOW, ...rows, validation: { ...rows?.validation, results: WHOLE } };
  await env.ARCHIVE.put(validationKey(id), JSON.stringify(archived));
}

test("a validation is shown with its whole results, and with their digest while the archive is away", async () => {
  const id = newId();
  await ended(id);
  const api = startApi({ bucket: env.ARCHIVE });
  expect(await api.get(`/api/validations/${id}`)).toMatchObject({ results: WHOLE, archived_at: null });
  expect((await pageOf(api, id)).html).toContain("before\nthe last line");

  for (const options of [{ bucket: AWAY }, {}]) {
    const without = startApi(options);
    expect(await without.get(`/api/validations/${id}`)).toMatchObject({ results: DIGEST });
    const { status, html } = await pageOf(without, id);
    expect([status, html.includes(">last<")]).toEqual([200, true]);
    expect(html).toContain("too large to be kept whole");
  }
});

test("results of another validation are not read", async () => {
  const [mine, other] = [newId(), newId()];
  await ended(other);
  await ended(mine, { results: JSON.stringify({ ...DIGEST, archived: `results/${other}/c-1.json` }) });
  const api = startApi({ bucket: env.ARCHIVE });
  expect(await api.get(`/api/validations/${mine}`)).toMatchObject({ results: DIGEST });
  expect((await pageOf(api, mine)).html).not.toContain("before");
});

test("a validation that is gone from D1 is read from the archive", async () => {
  const id = newId();
  await ended(id);
  const live = startApi({ bucket: env.ARCHIVE });
  const [before, trace, page] = await Promise.all([
    live.get(`/api/validations/${id}`),
    live.get(`/api/trace?q=${id}`),
    pageOf(live, id),
  ]);
  await archive(id);
  await empty();

  const api = startApi({ bucket: env.ARCHIVE });
  expect(await api.get(`/api/validations/${id}`)).toEqual({ ...before, archived_at: NOW });
  expect(await api.get(`/api/trace?q=${id}`)).toEqual(trace);
  const { status, html } = await pageOf(api, id);
  expect([status, html]).toEqual([200, page.html]);
});

test("a delivery that is kept for longer than its validation leads to the archive", async () => {
  const id = newId();
  await ended(id);
  const api = startApi({ bucket: env.ARCHIVE });
  const before = await api.get(`/api/trace?q=d-${id}`);
  await archive(id);
  const old = await loadOldValidations(env.DB, { validationsBefore: minute(1_000_000) }, 10);
  await deleteValidations(env.DB, old, minute(-1_000_000));

  expect(await api.get(`/api/trace?q=d-${id}`)).toEqual(before);
});

test.each([
  ["is in neither", env.ARCHIVE, 404, 410],
  ["can be in an archive that is away", AWAY, 503, 503],
  ["is gone, and there is no archive", undefined, 404, 410],
])("a validation that %s", async (_, bucket, api, page) => {
  const id = newId();
  const started = startApi(bucket === undefined ? {} : { bucket });
  for (const path of [`/api/validations/${id}`, `/api/trace?q=${id}`])
    expect((await started.ask("GET", path)).status).toBe(api);
  expect((await pageOf(started, id)).status).toBe(page);
});

test("what is not an archived validation is as if it were not there", async () => {
  const id = newId();
  await env.ARCHIVE.put(validationKey(id), JSON.stringify({ archived_at: NOW }));
  expect((await startApi({ bucket: env.ARCHIVE }).ask("GET", `/api/validations/${id}`)).status).toBe(404);
});
