import { describe, expect, test } from "vitest";
import { asOperator, form, PAGES, startDashboard } from "./support/dashboard.ts";
import { expectHarmless, HOSTILE } from "./support/harmless.ts";
import { samplesOf } from "./support/samples.ts";

describe.each(Object.entries(HOSTILE))("%s in every field", (_, text) => {
  test.each(PAGES)("does nothing at %s", async (path) => {
    const response = await startDashboard({ samples: samplesOf(text) }).fetch(path, asOperator);
    expect(response.status).toBe(200);
    await expectHarmless(await response.text());
  });

  test("does nothing on the page that asks back", async () => {
    const fields = [
      ["do", "discard-selected"],
      ["id", text.slice(0, 300)],
    ] as const;
    const { fetch } = startDashboard({ samples: samplesOf(text) });
    const response = await fetch("/dashboard/dead-letters/confirm", form(fields));
    expect(response.status).toBe(200);
    await expectHarmless(await response.text());
  });

  test("does nothing in the address", async () => {
    const { fetch } = startDashboard({ data: { trace: async () => undefined } });
    const asked = encodeURIComponent(text.toWellFormed().slice(0, 390));
    for (const path of [`/dashboard/search?q=${asked}`, `/dashboard/validations?repo=${asked}&${asked}=1`]) {
      const response = await fetch(path, asOperator);
      expect([400, 404]).toContain(response.status);
      await expectHarmless(await response.text());
    }
  });

  test("does nothing in what a failure says", async () => {
    const data = { rerun: async () => ({ error: { code: "queue_unavailable", message: text } }) as const };
    const response = await startDashboard({ data }).fetch("/dashboard/validations/x/rerun", form([]));
    expect(response.status).toBe(503);
    await expectHarmless(await response.text());
  });
});

test("an address from outside is a link if it is an http or https URL", async () => {
  const samples = samplesOf("plain");
  const detail = { ...samples.detail, pr_url: "https://github.com/acme/widgets/pull/12" };
  const { fetch } = startDashboard({ samples: { ...samples, detail } });
  const page = await (await fetch("/dashboard/validations/x", asOperator)).text();
  expect(page).toContain('href="https://github.com/acme/widgets/pull/12" rel="noreferrer noopener external"');
});

test("colors of a terminal are left out of a step's output, and what it printed is kept", async () => {
  const samples = samplesOf("plain");
  const output = "\u001b[32m✓\u001b[0m 12 passed\r\n\u001b[1A<b>bold</b>\u202e";
  const results = { test_results: { test: { status: "passed", output } } };
  const { fetch } = startDashboard({ samples: { ...samples, detail: { ...samples.detail, results } } });
  const page = await (await fetch("/dashboard/validations/x", asOperator)).text();
  expect(page).toContain("<bdi>✓ 12 passed\n&lt;b&gt;bold&lt;/b&gt;\\u{202e}</bdi>");
});
