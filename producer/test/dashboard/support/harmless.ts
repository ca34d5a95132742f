/** What a page may hold, whatever the texts are that it shows. */
import { expect } from "vitest";

/** Texts that someone chose to do harm with. */
export const HOSTILE = {
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
  /^(?:html|head|meta|title|link|script|body|a|header|div|span|button|nav|ul|li|search|form|label|input|main|section|h1|h2|p|svg|path|dl|dt|dd|figure|figcaption|details|summary|table|caption|thead|tbody|tr|th|td|time|bdi|code|footer|select|option|ol|pre|progress|fieldset|noscript|strong|b)$/;

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

/** @param base where its pages and assets are */
export async function expectHarmless(html: string, base = "/dashboard"): Promise<void> {
  const tags = await tagsOf(html);
  expect(tags.length).toBeGreaterThan(10);
  for (const { name, attributes } of tags) {
    expect(name).toMatch(TAGS);
    for (const [attribute, value] of attributes) {
      expect(attribute).not.toMatch(/^on|^style$|^srcdoc$/);
      if (attribute === "src") expect(value.startsWith(`${base}/assets/`), value).toBe(true);
      if (attribute === "action") expect(`${value}/`.startsWith(`${base}/`), value).toBe(true);
      if (attribute === "href")
        expect(value.replace(base, "")).toMatch(/^(?:[/?#]|$|\/runs\/|https:\/\/github\.com\/)/);
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
