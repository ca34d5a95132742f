import { describe, expect, test } from "vitest";
import { OutputTail } from "../../src/sandbox/output-tail.ts";

function tailOf(maxBytes: number, ...chunks: Array<string | Buffer>): OutputTail {
  const tail = new OutputTail(maxBytes);
  for (const chunk of chunks) tail.append(Buffer.from(chunk));
  return tail;
}

describe("OutputTail", () => {
  test("keeps everything that fits", () => {
    expect(tailOf(8, "abc", "def").text()).toBe("abcdef");
  });

  test("keeps the last bytes of what does not fit, over many chunks", () => {
    expect(tailOf(4, "abc", "def", "g").text()).toBe("defg");
    expect(tailOf(4, "abcdefghij").text()).toBe("ghij");
  });

  test("never begins inside a character", () => {
    expect(tailOf(4, "€€").text()).toBe("€");
    expect(tailOf(5, "x😀y").text()).toBe("😀y");
    expect(tailOf(3, "a😀").text()).toBe("");
  });

  test("joins a character that was split between chunks", () => {
    const bytes = Buffer.from("ü");
    expect(tailOf(8, bytes.subarray(0, 1), bytes.subarray(1)).text()).toBe("ü");
  });

  test("stays within its limit as text even if the bytes are not text", () => {
    const text = tailOf(100, Buffer.alloc(1000, 0xff)).text();
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100);
    expect(text).toMatch(/^\ufffd+$/);
  });

  test("ends with a note on a line of its own, within the limit", () => {
    expect(tailOf(100, "out").text("note")).toBe("out\nnote\n");
    expect(tailOf(100, "out\n").text("note")).toBe("out\nnote\n");
    expect(tailOf(100).text("note")).toBe("note\n");
    expect(tailOf(8, "0123456789").text("note")).toBe("89\nnote\n");
  });
});
