import { describe, expect, test } from "vitest";
import { asOperator, form, PAGES, startDashboard } from "./support/dashboard.ts";
import { samplesOf } from "./support/samples.ts";

const HOSTILE = {
  "a script": "<script>alert(1)</script>",
  "an attribute's end": `"><img src=x onerror=alert(1)>`,
  "an attribute's end in single quotes": `'><svg onload=alert(1)>`,
  "an end of the title and of a text": "</title></textarea></pre><iframe src=//evil.test>",
  "a script's address": "javascript:alert(1)//",
  "a script's address in disguise": "\u0001java\tscript:alert(1)",
  "data for an address": "data:text/html,<script>alert(1)</script>",
  "an address with a password": "https://user:secret@evil.test/",
  "a turn of direction": "\u202egnp.exe\u2066\u200f",
  "control characters": "\u0000\u0007\u001b[31mred\u001b]0;title\u0007\u0085\u2028",
  "half a character": "\ud83d \ude00",
  "a template": "{{alert(1)}} <!--#exec --> &lt;script&gt;",
  "a name of 10,000 characters": "n".repeat(10_000),
  "a path": "../../../../etc/passwd",
} as const;

const TAGS =
  /^(?:html|head|meta|title|link|script|body|a|header|div|span|button|nav|ul|li|search|form|label|input|main|section|h1|h2|p|svg|path|dl|dt|dd|figure|figcaption|details|summary|table|caption|thead|tbody|tr|th|td|time|bdi|code|footer|select|option|ol|pre|progress|fieldset)$/;

/** Every tag of a page with its attributes: what a browser would make of it. */
async function tagsOf(html: string): Promise<{ name: string; attributes: Map<string, string> }[]> {
  const tags: { name: string; attributes: Map<string, string> }[] = [];
  const rewriter = new HTMLRewriter().on("*", {
    element(element) {
      tags.push({
        name: element.tagName,
        attributes: new Map([...element.attributes].map(([n, v]) => [n ?? "", v ?? ""])),
      });
    },
  });
  await rewriter.transform(new Response(html)).text();
  return tags;
}

async function expectHarmless(html: string): Promise<void> {
  const tags = await tagsOf(html);
  expect(tags.length).toBeGreaterThan(10);
  for (const { name, attributes } of tags) {
    expect(name).toMatch(TAGS);
    for (const [attribute, value] of attributes) {
      expect(attribute).not.toMatch(/^on|^style$|^srcdoc$/);
      if (attribute === "src") expect(value).toMatch(/^\/dashboard\/assets\//);
      if (attribute === "action") expect(value).toMatch(/^\/dashboard(?:\/|$)/);
      if (attribute === "href")
        expect(value).toMatch(/^(?:\/dashboard(?:[/?#]|$)|#main$|https:\/\/github\.com\/)/);
      if (attribute === "title" || attribute === "aria-label") expectSeen(value);
    }
  }
  const shown = html.replaceAll(/<input[^>]*>|(?:value|id)="[^"]*"/g, "");
  expectSeen(shown);
}

/** That every character can be seen. Says where one cannot, and not the whole page. */
function expectSeen(text: string): void {
  const at = text.search(UNSEEN);
  expect(at === -1 ? "" : text.slice(Math.max(at - 60, 0), at + 20)).toBe("");
}

const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}]|(?![\n\t])\p{Cc}/u;

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

test("an address from outside is a link where it is one of the web", async () => {
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
