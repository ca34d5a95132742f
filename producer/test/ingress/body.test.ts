import { describe, expect, test } from "vitest";
import { isUtf8, readBody } from "../../src/ingress/body.ts";
import { ORIGIN } from "../support/app.ts";
import { brokenStream } from "../support/delivery.ts";

const LIMIT = 8;

const read = (body: BodyInit, headers: Readonly<Record<string, string>> = {}) =>
  readBody(new Request(ORIGIN, { method: "POST", headers, body }), LIMIT);

/** A body that goes on until it is cancelled, or ends before its end. */
function endless(onCancel: () => void, breaksOffAt = Number.POSITIVE_INFINITY) {
  let pulled = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (pulled++ < breaksOffAt) controller.enqueue(new Uint8Array(LIMIT));
      else controller.error(new Error("Network connection lost."));
    },
    cancel: onCancel,
  });
}

describe.each([
  ["with its length", (bytes: number) => ({ "content-length": String(bytes) })],
  ["without its length", () => ({})],
])("a body %s", (_, lengthOf) => {
  test("is read up to the limit, and not beyond", async () => {
    expect(await read("x".repeat(LIMIT), lengthOf(LIMIT))).toHaveLength(LIMIT);
    expect(await read("x".repeat(LIMIT + 1), lengthOf(LIMIT + 1))).toBe("too_large");
  });

  test("is rejected if it is truncated", async () => {
    expect(await read(brokenStream(), lengthOf(LIMIT))).toBe("broken_off");
  });

  test("is too large, though it breaks off afterwards", async () => {
    expect(
      await read(
        endless(() => {}, 2),
        lengthOf(2 * LIMIT),
      ),
    ).toBe("too_large");
  });

  test("is cancelled once it is twice too large", async () => {
    let cancelled = false;
    const body = endless(() => {
      cancelled = true;
    });
    expect(await read(body, lengthOf(100 * LIMIT))).toBe("too_large");
    expect(cancelled).toBe(true);
  });
});

test("bytes that end within a character are not UTF-8", () => {
  const euro = new TextEncoder().encode("€");
  expect(isUtf8(euro)).toBe(true);
  expect(isUtf8(euro.subarray(0, 2))).toBe(false);
});
