import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { waitUntil } from "../../support/patience.ts";
import { leaksOf } from "./support/answer-checks.ts";
import { budget, Tally, together } from "./support/budget.ts";
import { brokenSince, expectUnbroken, PLANT } from "./support/event-checks.ts";
import { expectWell, shareTarget } from "./support/target.ts";
import { sendBytes, WIRE } from "./support/wire.ts";

const tally = new Tally("wire");
const target = shareTarget(tally);

/** Documented for the routes that are asked here. */
const OURS = [200, 400, 401, 404, 405, 413];
/** What a server in front of the Workers says to what is no HTTP: here Wrangler's, in production Cloudflare's edge. */
const IN_FRONT = [400, 404, 405, 408, 411, 413, 414, 417, 426, 431, 500, 501, 505, undefined];

/**
 * Of the server in front only that it stands and tells nothing is ours to ask. That it is in front, and not a Worker that
 * broke, says the witness.
 */
async function expectGoodAnswer(bytes: Buffer, ends = true): Promise<void> {
  const { status, requestId, text } = await sendBytes(target().gateway.url, bytes, ends);
  tally.count(requestId === undefined ? `${status ?? "closed"} in front` : String(status));
  if (requestId === undefined) {
    expect(IN_FRONT).toContain(status);
    // Its own place in the code may be in it.
    expect(leaksOf(text).filter((leak) => !leak.includes("miniflare"))).toEqual([]);
    return;
  }
  expect(OURS, text).toContain(status);
  expect(text).toMatch(/^x-content-type-options: nosniff\r?$/im);
  expect(leaksOf(text)).toEqual([]);
}

let judged = 0;

afterEach(async () => {
  const { gateway } = target();
  await expectUnbroken(gateway, judged).finally(() => {
    judged = gateway.logs().length;
  });
});

test.each(WIRE)("stands %s", async (_, bytes) => {
  await expectGoodAnswer(bytes);
});

test("stands a sender that goes away in the middle, wherever that is", async () => {
  const whole = Buffer.from(
    'POST /webhook/github HTTP/1.1\r\nhost: x\r\nx-github-event: ping\r\ncontent-length: 9\r\n\r\n{"zen":1}',
  );
  const ends = Array.from({ length: Math.ceil(whole.length / 5) }, (_, index) =>
    whole.subarray(0, index * 5),
  );
  await Promise.all(ends.map((bytes) => expectGoodAnswer(bytes)));
});

test("stands bytes that were changed at random", async () => {
  const changed = fc
    .tuple(
      fc.constantFrom(...WIRE.filter(([, { length }]) => length < 1000)),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 9, 10, 13, 32, 37, 44, 58, 127, 255)), { maxLength: 4 }),
    )
    .map(([[, bytes], changes]) => {
      const copy = Buffer.from(bytes);
      for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
      return copy;
    });
  await fc.assert(
    fc.asyncProperty(together(changed), async (all) => {
      await Promise.all(all.map((bytes) => expectGoodAnswer(bytes)));
    }),
    budget(0.5),
  );
});

test("is well afterwards, and has recorded nothing", async () => {
  await expectWell(target(), new Set());
});

test.each([
  ["throws", "fetch threw"],
  ["hangs", "fetch has not ended"],
  ["answers", "fetch answered what the app has not"],
])("is told from a Worker that %s beside its app", async (planted, expected) => {
  const { gateway } = target();
  const from = gateway.logs().length;
  await sendBytes(
    gateway.url,
    Buffer.from(`GET /health HTTP/1.1\r\nhost: x\r\n${PLANT}: ${planted}\r\n\r\n`),
  );

  await waitUntil(`${expected} in the log`, () => brokenSince(gateway, from).includes(expected));
  judged = gateway.logs().length;
});
