import { CursorError } from "@webhook-gateway/shared/store/read/cursor.ts";
import { describe, expect, test } from "vitest";
import { asOperator, asReader, pageOf, startDashboard } from "./support/dashboard.ts";
import { EMPTY } from "./support/empty.ts";

const LISTS = ["validations", "deliveries", "dead-letters", "replays", "reconciles"] as const;

describe("a list", () => {
  test.each(LISTS)("of %s says what it means to be empty", async (list) => {
    const page = await pageOf(await startDashboard({ data: EMPTY }).fetch(`/dashboard/${list}`, asReader));
    expect(page).toContain('<p class="empty">');
    expect(page).not.toContain('aria-label="Pages of the list"');
  });

  test("keeps its filters on the way to the next page", async () => {
    const { fetch, asked } = startDashboard();
    const filters = "repo=acme%2Fwidgets&state=dead%2Cfailed&limit=20&since=2026-11-22T10%3A00&sha=";
    const page = await pageOf(await fetch(`/dashboard/validations?${filters}`, asReader));
    expect(asked).toEqual([
      ["validations", { repo: "acme/widgets", state: "dead,failed", limit: "20", since: "2026-11-22T10:00" }],
    ]);
    const [, next = ""] = /href="([^"]+)" rel="next"/.exec(page) ?? [];
    const { searchParams } = new URL(next.replaceAll("&amp;", "&"), "https://x.test");
    expect(Object.fromEntries(searchParams)).toEqual({
      repo: "acme/widgets",
      state: "dead,failed",
      limit: "20",
      since: "2026-11-22T10:00",
      cursor: "next-cursor",
    });
    expect(page).toContain('<option value="dead,failed" selected="">dead,failed</option>');
    expect(page).toContain('value="2026-11-22T10:00"');
    const last = await pageOf(await fetch(next.replaceAll("&amp;", "&"), asReader));
    expect(last).toMatch(/<a href="\/dashboard\/validations\?repo=acme%2Fwidgets[^"]*">Newest<\/a>/);
  });

  test.each(["repo=widgets", "pr=twelve", "limit=0", "since=soon", "color=red", "sha=xyz"])(
    "refuses what it does not understand: %s",
    async (filter) => {
      const { fetch, asked } = startDashboard();
      const response = await fetch(`/dashboard/validations?${filter}`, asReader);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(`Missing or invalid: ${filter.split("=")[0]}.`);
      expect(asked).toEqual([]);
    },
  );

  test("refuses a cursor that is none of its own", async () => {
    const data = {
      deliveries: async () => {
        throw new CursorError("not from this list");
      },
    };
    const response = await startDashboard({ data }).fetch("/dashboard/deliveries?cursor=x", asReader);
    expect(response.status).toBe(400);
  });

  test("of dead letters has checkboxes for an operator if they are open", async () => {
    const { fetch } = startDashboard();
    expect(await pageOf(await fetch("/dashboard/dead-letters", asOperator))).toContain(
      'name="id" value="plain"',
    );
    const closed = await pageOf(await fetch("/dashboard/dead-letters?state=any", asOperator));
    expect(closed).not.toContain("checkbox");
  });
});
