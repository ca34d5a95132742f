import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { anyText } from "../../test/support/any-text.ts";
import fc from "../../test/support/fast-check.ts";
import { sha256Hex, shortSha256Hex } from "../src/text/hash.ts";

test("hashes texts as Node does", async () => {
  await fc.assert(
    fc.asyncProperty(anyText(), async (text) => {
      const digest = createHash("sha256").update(text).digest("hex");
      expect(await sha256Hex(text)).toBe(digest);
      expect(await shortSha256Hex(text)).toBe(digest.slice(0, 32));
    }),
  );
});
