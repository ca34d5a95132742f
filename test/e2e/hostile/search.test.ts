import { randomBytes } from "node:crypto";
import { expect, inject, test } from "vitest";
import type {} from "../../github/client/provided.ts";
import { formsOf, keyForms, leaksIn } from "./support/search.ts";

const { privateKeyPkcs1, privateKeyPkcs8 } = inject("githubDouble");
const SECRET = `se/cret"é+${randomBytes(9).toString("base64url")}`;

// That a search finds nothing proves something only if it finds secrets that are there.
test.each([
  ["as it is", SECRET],
  ["in JSON", JSON.stringify({ a: SECRET })],
  ["in a URL", `https://gateway.test/?a=${encodeURIComponent(SECRET)}`],
  ["in hex", Buffer.from(`x${SECRET}x`).toString("hex")],
  ["in upper-case hex", Buffer.from(`x${SECRET}x`).toString("hex").toUpperCase()],
  ["in base64", Buffer.from(SECRET).toString("base64")],
  ["in base64 after a name", Buffer.from(`ada:${SECRET}`).toString("base64")],
  ["in base64 after a longer name and before more", Buffer.from(`grace:${SECRET}\n`).toString("base64")],
  ["in base64url", Buffer.from(`{"k":"${SECRET}"}`).toString("base64url")],
])("finds a secret %s", (_, text) => {
  expect(leaksIn(new Map([["here", `before ${text} after`]]), { it: formsOf(SECRET) })).toHaveLength(1);
  expect(leaksIn(new Map([["here", "nothing"]]), { it: formsOf(SECRET) })).toEqual([]);
});

test.each([
  ["PKCS#1", privateKeyPkcs1],
  ["PKCS#8", privateKeyPkcs8],
  ["PKCS#8 on one line", privateKeyPkcs8.replaceAll("\n", String.raw`\n`)],
  ["one line of it", privateKeyPkcs8.split("\n")[5]],
])("finds a private key in %s", (_, text) => {
  const secrets = { key: keyForms(privateKeyPkcs8, privateKeyPkcs1) };
  expect(leaksIn(new Map([["here", String(text)]]), secrets)).toHaveLength(1);
});
