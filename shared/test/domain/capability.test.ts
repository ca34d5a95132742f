import { createHmac, hkdfSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { callbackUrl, capabilityToken, verifyCapability } from "../../src/domain/capability.ts";

const SECRET = "a callback secret";
const ID = `123456789012-pr-42-${"a".repeat(40)}-1`;

test("is a base64url HMAC-SHA256 of the id under a key that HKDF derives for the purpose", async () => {
  const key = hkdfSync("sha256", SECRET, "", "webhook-gateway callback capability", 32);
  const expected = createHmac("sha256", Buffer.from(key)).update(ID).digest("base64url");
  expect(await capabilityToken(SECRET, ID)).toBe(expected);
  expect(expected).toMatch(/^[\w-]{43}$/);
});

test("of one purpose is worth nothing for another", async () => {
  for (const [made, asked] of [
    ["callback", "run-page"],
    ["run-page", "callback"],
  ] as const) {
    const token = await capabilityToken(SECRET, ID, made);
    expect(await verifyCapability(SECRET, ID, token, made)).toBe(true);
    expect(await verifyCapability(SECRET, ID, token, asked)).toBe(false);
  }
});

test("of an earlier version still calls back, and opens nothing else", async () => {
  const old = createHmac("sha256", SECRET).update(`grainchain-callback:v1:${ID}`).digest("base64url");
  expect(await verifyCapability(SECRET, ID, old)).toBe(true);
  expect(await verifyCapability(SECRET, `${ID}0`, old)).toBe(false);
  expect(await verifyCapability(SECRET, ID, old, "run-page")).toBe(false);
});

test("verifies its own token", async () => {
  expect(await verifyCapability(SECRET, ID, await capabilityToken(SECRET, ID))).toBe(true);
});

test("is base64url and verified, whichever letters the token has", async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `${ID}${index}`);
  const tokens = await Promise.all(ids.map((id) => capabilityToken(SECRET, id)));
  expect(tokens.join("")).toContain("-");
  expect(tokens.join("")).toContain("_");
  for (const [index, id] of ids.entries()) {
    const token = tokens[index] ?? "";
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await verifyCapability(SECRET, id, token)).toBe(true);
  }
});

describe("refuses", () => {
  test("another validation's token", async () => {
    expect(await verifyCapability(SECRET, `${ID}0`, await capabilityToken(SECRET, ID))).toBe(false);
  });

  test("a token of another secret", async () => {
    expect(await verifyCapability("another", ID, await capabilityToken(SECRET, ID))).toBe(false);
  });

  test("a token with any one character changed", async () => {
    const token = await capabilityToken(SECRET, ID);
    const changed = Array.from(token, (char, index) => {
      return `${token.slice(0, index)}${char === "A" ? "B" : "A"}${token.slice(index + 1)}`;
    });
    expect(await Promise.all(changed.map((one) => verifyCapability(SECRET, ID, one)))).toEqual(
      Array(43).fill(false),
    );
  });

  test("any other last character, though some of them say the same bytes", async () => {
    const token = await capabilityToken(SECRET, ID);
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const others = [...letters].map((letter) => token.slice(0, -1) + letter).filter((one) => one !== token);
    expect(await Promise.all(others.map((one) => verifyCapability(SECRET, ID, one)))).toEqual(
      Array(63).fill(false),
    );
  });

  test.each([
    ["nothing", () => ""],
    ["garbage", () => "!".repeat(43)],
    ["another length", (token: string) => token.slice(1)],
    ["a longer one", (token: string) => `${token}A`],
    ["padding", (token: string) => `${token}=`],
    ["a line break behind it", (token: string) => `${token}\n`],
    ["hex of the same bytes", (token: string) => Buffer.from(token, "base64url").toString("hex")],
    ["all zeros", () => "A".repeat(43)],
  ])("%s", async (_name, forge) => {
    expect(await verifyCapability(SECRET, ID, forge(await capabilityToken(SECRET, ID)))).toBe(false);
  });
});

test.each(["https://gateway.test", "https://gateway.test/", "https://gateway.test///"])(
  "makes the callback prefix under %s",
  async (base) => {
    const url = await callbackUrl(base, SECRET, ID);
    expect(url).toBe(`https://gateway.test/callbacks/${ID}/${await capabilityToken(SECRET, ID)}`);
    expect(new URL(url).href).toBe(url);
  },
);
