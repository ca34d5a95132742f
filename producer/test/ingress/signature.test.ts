import { Webhooks } from "@octokit/webhooks";
import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import { anyText } from "../../../test/support/any-text.ts";
import fc from "../../../test/support/fast-check.ts";
import { createVerifier } from "../../src/ingress/signature.ts";
import { sign } from "../support/delivery.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const SECRET = "It's a Secret to Everybody";
const BODY = "Hello, World!";
/** GitHub's published example. */
const HEX = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

const verify = createVerifier([{ label: "current", secret: SECRET }]);

test("accepts GitHub's published example", async () => {
  expect(await verify(encode(BODY), `sha256=${HEX}`)).toBe("current");
});

describe("refuses", () => {
  test.each([
    ["no header", undefined],
    ["an empty header", ""],
    ["upper-case hex", `sha256=${HEX.toUpperCase()}`],
    ["one upper-case digit", `sha256=${HEX.replace("e", "E")}`],
    ["an upper-case prefix", `SHA256=${HEX}`],
    ["no prefix", HEX],
    ["another prefix of the same length", `sha512=${HEX}`],
    ["junk before the prefix", `xsha256=${HEX}`],
    ["a space before the hex", `sha256= ${HEX}`],
    ["a space after the hex", `sha256=${HEX} `],
    ["a line break after the hex", `sha256=${HEX}\n`],
    ["a SHA-1 signature", "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6"],
    ["hex that is too short", `sha256=${HEX.slice(2)}`],
    ["hex that is too long", `sha256=${HEX}00`],
    ["an odd number of digits", `sha256=${HEX.slice(1)}`],
    ["something that is not hex", `sha256=${"g".repeat(64)}`],
    ["full-width digits", `sha256=${HEX.replace("7", "７")}`],
    ["two signatures", `sha256=${HEX}, sha256=${HEX}`],
    ["another signature", `sha256=${HEX.replace("7", "8")}`],
    ["a last digit off by one", `sha256=${HEX.slice(0, -1)}6`],
  ])("%s", async (_, header) => {
    expect(await verify(encode(BODY), header)).toBeUndefined();
  });

  test("an empty body, correctly signed", async () => {
    expect(await verify(new Uint8Array(), await sign(SECRET, ""))).toBeUndefined();
  });

  test.each([
    ["another body", "Hello, World?"],
    ["a body with something after it", `${BODY}\n`],
    ["a body with a byte order mark", `\uFEFF${BODY}`],
  ])("%s", async (_, body) => {
    expect(await verify(encode(body), `sha256=${HEX}`)).toBeUndefined();
  });
});

describe("with several secrets", () => {
  const several = createVerifier([
    { label: "current", secret: "one" },
    { label: "previous", secret: "two" },
    { label: "org-hook", secret: "three" },
  ]);

  test.each([
    ["one", "current"],
    ["two", "previous"],
    ["three", "org-hook"],
    ["four", undefined],
  ])("%s signs as %s", async (secret, label) => {
    expect(await several(encode(BODY), await sign(secret, BODY))).toBe(label);
  });
});

test("without a secret nothing is accepted", async () => {
  expect(await createVerifier([])(encode(BODY), `sha256=${HEX}`)).toBeUndefined();
});

test("bodies that are not UTF-8 are verified by their bytes", async () => {
  const body = new Uint8Array([0xff, 0xfe, 0x00, 0xc3]);
  expect(await verify(body, await sign(SECRET, body))).toBe("current");
  const decodedAlike = new Uint8Array([0xff, 0xff, 0x00, 0xc3]);
  expect(await verify(decodedAlike, await sign(SECRET, body))).toBeUndefined();
});

const someText = anyText({ minLength: 1, maxLength: 200 });

test("agrees with @octokit/webhooks on texts", async () => {
  await fc.assert(
    fc.asyncProperty(someText, someText, fc.option(someText), async (secret, body, tampered) => {
      const octokit = new Webhooks({ secret });
      const header = await octokit.sign(body);
      const received = tampered ?? body;
      const ours = await createVerifier([{ label: "it", secret }])(encode(received), header);
      expect(ours !== undefined).toBe(await octokit.verify(received, header));
      if (tampered === null) expect(ours).toBe("it");
    }),
    { numRuns: amount(200) },
  );
});

test("never throws and never accepts whatever the header is", async () => {
  const header = fc.oneof(
    anyText(),
    anyText().map((text) => `sha256=${text}`),
    fc
      .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 })
      .map((hex) => `sha256=${hex}`),
  );
  await fc.assert(
    fc.asyncProperty(header, async (given) => {
      expect(await verify(encode(BODY), given)).toBeUndefined();
    }),
    { numRuns: amount(300) },
  );
});
