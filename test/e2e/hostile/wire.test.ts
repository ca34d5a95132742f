import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { waitUntil } from "../../support/patience.ts";
import { leaksOf } from "./support/answer-checks.ts";
import { budget, Tally, together } from "./support/budget.ts";
import { brokenEventsSince, expectEventsEnded, FAULT_HEADER } from "./support/event-checks.ts";
import { expectHealthy, shareTarget } from "./support/target.ts";
import { sendBytes, WIRE } from "./support/wire.ts";

const tally = new Tally("wire");
const target = shareTarget(tally);

/** The documented statuses of the routes that are used here. */
const OURS = [200, 400, 401, 404, 405, 413];
/** How the server in front of the Workers answers what is not HTTP: here Wrangler, in production Cloudflare's edge. */
const IN_FRONT = [400, 404, 405, 408, 411, 413, 414, 417, 426, 431, 500, 501, 505, undefined];

/**
 * The server in front only has to survive and to reveal nothing. The event reports show that it was this server that
 * answered, and not a broken Worker.
 */
async function expectGoodAnswer(bytes: Buffer, ends = true): Promise<void> {
  const { status, requestId, text } = await sendBytes(target().gateway.url, bytes, ends);
  tally.count(requestId === undefined ? `${status ?? "closed"} in front` : String(status));
  if (requestId === undefined) {
    expect(IN_FRONT).toContain(status);
    // Its own stack trace may be in it.
    expect(leaksOf(text).filter((leak) => !leak.includes("miniflare"))).toEqual([]);
    return;
  }
  expect(OURS, text).toContain(status);
  expect(text).toMatch(/^x-content-type-options: nosniff\r?$/im);
  expect(leaksOf(text)).toEqual([]);
}

let checkedTo = 0;

afterEach(async () => {
  const { gateway } = target();
  await expectEventsEnded(gateway, checkedTo).finally(() => {
    checkedTo = gateway.logs().length;
  });
});

test.each(WIRE)("survives %s", async (_, bytes) => {
  await expectGoodAnswer(bytes);
});

test("survives a sender that goes away in the middle of a request, wherever that is", async () => {
  const whole = Buffer.from(
    'POST /webhook/github HTTP/1.1\r\nhost: x\r\nx-github-event: ping\r\ncontent-length: 9\r\n\r\n{"zen":1}',
  );
  const ends = Array.from({ length: Math.ceil(whole.length / 5) }, (_, index) =>
    whole.subarray(0, index * 5),
  );
  await Promise.all(ends.map((bytes) => expectGoodAnswer(bytes)));
});

test("survives bytes that were changed at random", async () => {
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

test("still works afterwards, and has recorded nothing", async () => {
  await expectHealthy(target(), new Set());
});

test.each([
  ["throws", "fetch threw"],
  ["hangs", "fetch has not ended"],
  ["answers", "fetch answered outside the app"],
])("notices a Worker that %s outside its app", async (fault, expected) => {
  const { gateway } = target();
  const from = gateway.logs().length;
  await sendBytes(
    gateway.url,
    Buffer.from(`GET /health HTTP/1.1\r\nhost: x\r\n${FAULT_HEADER}: ${fault}\r\n\r\n`),
  );

  await waitUntil(`${expected} in the log`, () => brokenEventsSince(gateway, from).includes(expected));
  checkedTo = gateway.logs().length;
});
