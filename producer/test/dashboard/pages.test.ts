import { describe, expect, test } from "vitest";
import { asOperator, asReader, PAGES, pageOf, startDashboard } from "./support/dashboard.ts";
import { absent, nothing } from "./support/empty.ts";

describe("what is not there", () => {
  test.each([
    ["/dashboard/validations/none", { validation: absent, trace: absent }],
    ["/dashboard/dead-letters/none", { deadLetter: absent }],
    ["/dashboard/pulls/acme/widgets/999", { validations: nothing }],
    ["/dashboard/search?q=nothing", { trace: absent }],
    ["/dashboard/no/such/page", {}],
  ] as const)("is a page that says so: %s", async (path, data) => {
    const response = await startDashboard({ data }).fetch(path, asReader);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("<h1>");
  });
});

test("a pull request's page asks for its runs, and for more of them", async () => {
  const { fetch, asked } = startDashboard();
  const page = await pageOf(await fetch("/dashboard/pulls/acme/widgets/12?cursor=c", asReader));
  expect(asked).toEqual([["validations", { repo: "acme/widgets", pr: "12", cursor: "c" }]]);
  expect(page).toContain('href="/dashboard/pulls/acme/widgets/12?cursor=next-cursor"');
});

test("a validation's page shows its way, its steps with their output, and its report", async () => {
  const { fetch, asked } = startDashboard();
  const page = await pageOf(await fetch("/dashboard/validations/plain", asReader));
  expect(asked).toEqual([
    ["validation", "plain"],
    ["trace", "plain"],
  ]);
  expect(page).toContain("+9m");
  expect(page).toContain("exit 3 · ");
  expect(page).toContain('datetime="2026-11-23T09:51:00.000Z"');
});

test("a validation's page does without the trace", async () => {
  const { fetch } = startDashboard({ data: { trace: absent } });
  expect(await pageOf(await fetch("/dashboard/validations/plain", asReader))).toContain('class="trace"');
});

test.each(PAGES)(
  "%s has one main heading, landmarks, a way past them and names for its tables",
  async (path) => {
    const page = await pageOf(await startDashboard().fetch(path, asOperator));
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page).toContain('<a class="skip" href="#main">');
    for (const landmark of ['<main id="main"', "<nav aria-label=", "<footer id=", "<search>"])
      expect(page).toContain(landmark);
    for (const [table] of page.matchAll(/<table.*?<\/table>/gs)) {
      expect(table).toContain("<caption");
      expect(table).toContain('scope="col"');
      expect(table).toContain('scope="row"');
    }
  },
);
