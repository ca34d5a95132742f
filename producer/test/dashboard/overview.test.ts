import { describe, expect, test } from "vitest";
import { asReader, pageOf, startDashboard } from "./support/dashboard.ts";
import { EMPTY } from "./support/empty.ts";

describe("the overview", () => {
  test("says first what needs attention, in words", async () => {
    const page = await pageOf(await startDashboard().fetch("/dashboard", asReader));
    const concerns = page.slice(page.indexOf('id="attention"'), page.indexOf('class="tiles"'));
    expect(concerns).toContain("<bdi>Dispatch</bdi> is on hold: <bdi>Grainchain is at capacity</bdi>.");
    expect(concerns).toContain(">in 20s</time>");
    expect(concerns).toContain("5 dead letters<");
    expect(concerns).toContain("Queue: <bdi>plain</bdi>");
    expect(concerns.indexOf("5 dead letters")).toBeLessThan(concerns.indexOf("Grainchain is at capacity"));
  });

  test("says that all is clear if nothing needs attention", async () => {
    const page = await pageOf(await startDashboard({ data: EMPTY }).fetch("/dashboard", asReader));
    expect(page).toContain("all clear");
    expect(page).toContain("There are no open dead letters");
    expect(page).toContain("No validations were started in the last 24 hours");
  });

  test("has the plots' numbers in a table, hours without any included", async () => {
    const page = await pageOf(await startDashboard().fetch("/dashboard", asReader));
    const table = page.slice(page.indexOf('id="hour-table"'));
    expect(table.match(/data-at="\d+"/g)).toHaveLength(24);
    expect(table).toContain('data-series="succeeded" data-value="7"');
    expect(table).toContain('data-series="other" data-value="2"');
    expect(table).toContain('data-series="p50_ms" data-value="48.2"');
    expect(table).toContain('data-series="p50_ms" data-value=""');
  });

  test("is shown with the state of the checks if D1 does not answer", async () => {
    const data = {
      overview: async () => {
        throw new Error("D1_ERROR: Network connection lost.");
      },
    };
    const response = await startDashboard({ data }).fetch("/dashboard", asReader);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("10");
    expect(await response.text()).toContain("Health checks");
  });

  test("says only that something is wrong if an unexpected error occurs", async () => {
    const data = {
      overview: async () => {
        throw new Error("a secret of the inside");
      },
    };
    const { fetch, lines } = startDashboard({ data });
    const response = await fetch("/dashboard", asReader);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret of the inside");
    expect(lines.join()).toContain("dashboard.failed");
  });
});
