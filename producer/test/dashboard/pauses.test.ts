import { describe, expect, test } from "vitest";
import { SECRETS } from "../support/app.ts";
import { asOperator, asReader, basic, form, pageOf, startDashboard } from "./support/dashboard.ts";
import { absent, EMPTY } from "./support/empty.ts";
import { samplesOf } from "./support/samples.ts";

const WIDGETS = "/dashboard/repositories/acme/widgets";
const paused = { ...samplesOf("acme/widgets").pause, actor: "operator:ada", reason: "its tests loop" };
const widgets = { name: "acme/widgets", times: undefined };
const where: readonly (readonly [what: string, page: string, asked: { readonly repository?: string }])[] = [
  ["all repositories", "/dashboard", {}],
  ["one repository", WIDGETS, { repository: "acme/widgets" }],
];

describe.each(where)("dispatch of %s", (_, page, asked) => {
  test("is paused for a time, with a reason, in the name of who asked", async () => {
    const dashboard = startDashboard();
    const fields = [
      ["for_seconds", "7200"],
      ["reason", " upgrade "],
    ] as const;
    const response = await dashboard.fetch(`${page}/pause`, form(fields));
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(`${page}?notice=pause`);
    const request = { ...asked, for_seconds: 7200, reason: "upgrade" };
    expect(dashboard.asked).toEqual([["pause", request, "operator:operator"]]);
  });

  test("is paused until somebody resumes it, without a reason", async () => {
    const dashboard = startDashboard();
    const fields = [
      ["for_seconds", ""],
      ["reason", ""],
    ] as const;
    expect((await dashboard.fetch(`${page}/pause`, form(fields))).status).toBe(303);
    expect(dashboard.asked).toEqual([["pause", asked, "operator:operator"]]);
  });

  test.each(["0", "-60", "0.5", "soon", "1e12"])("is not paused for %j seconds", async (seconds) => {
    const dashboard = startDashboard();
    const response = await dashboard.fetch(`${page}/pause`, form([["for_seconds", seconds]]));
    expect(response.status).toBe(400);
    expect(dashboard.asked).toEqual([]);
  });

  test("goes on once it is resumed", async () => {
    const dashboard = startDashboard();
    const response = await dashboard.fetch(`${page}/resume`, form([]));
    expect(response.headers.get("location")).toBe(`${page}?notice=resume`);
    expect(dashboard.asked).toEqual([["resume", asked, "operator:operator"]]);
  });

  test("is refused to a reader, which is recorded", async () => {
    const dashboard = startDashboard();
    const authorization = basic(SECRETS.READER_TOKEN);
    const response = await dashboard.fetch(`${page}/pause`, form([], { authorization }));
    expect(response.status).toBe(403);
    expect(dashboard.asked).toEqual([
      ["recordRefusal", expect.objectContaining({ action: "pause", target: asked.repository ?? null })],
    ]);
  });

  test("shows operators alone a form to pause it", async () => {
    const { fetch } = startDashboard({ data: EMPTY });
    const shown = await pageOf(await fetch(page, asOperator));
    expect(shown).toContain(`action="${page}/pause"`);
    expect(shown).not.toContain(`action="${page}/resume"`);
    expect(await pageOf(await fetch(page, asReader))).not.toContain('/pause"');
  });
});

test("a repository that is paused shows why, and how to resume it", async () => {
  const repository = async () => ({ ...widgets, pauses: [paused] });
  const page = await pageOf(await startDashboard({ data: { repository } }).fetch(WIDGETS, asOperator));
  expect(page).toContain("is paused by <bdi>operator:ada</bdi> since");
  expect(page).toContain("its tests loop");
  expect(page).toContain(`action="${WIDGETS}/resume"`);
});

test("a repository that is held by the pause of all cannot be resumed by itself", async () => {
  const repository = async () => ({ ...widgets, pauses: [{ ...paused, repository: null }] });
  const page = await pageOf(await startDashboard({ data: { repository } }).fetch(WIDGETS, asOperator));
  expect(page).toContain("Dispatch of all repositories is paused");
  expect(page).not.toContain('/resume"');
});

test("a refused pause says why", async () => {
  const error = { code: "not_found", message: "no repository of this name is known: acme/widgets" } as const;
  const { fetch } = startDashboard({ data: { pause: async () => ({ error }), repository: absent } });
  const response = await fetch(`${WIDGETS}/pause`, form([]));
  expect(response.status).toBe(404);
  expect(await response.text()).toContain("no repository of this name is known");
  expect((await fetch(WIDGETS, asReader)).status).toBe(404);
});

test("the repositories are listed with their percentiles", async () => {
  const page = await pageOf(await startDashboard().fetch("/dashboard/repositories", asReader));
  expect(page).toMatch(/120<.*48\.2s<.*1m 36\.4s<.*2m 24\.6s</);
});
