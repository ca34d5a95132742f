import { expect, test } from "vitest";
import { readBody } from "../../src/ingress/body.ts";
import { createBodyRoom } from "../../src/ingress/body-room.ts";
import { NOW, ORIGIN } from "../support/app.ts";
import { brokenStream, streamOf } from "../support/delivery.ts";

const MIB = 1024 * 1024;
const upload = (body: BodyInit) => new Request(ORIGIN, { method: "POST", body });

test("what a hold gives back can be taken again", () => {
  const room = createBodyRoom(() => new Date(NOW), 10);
  const [one, other] = [room.hold(), room.hold()];
  expect([one.take(6), other.take(5), other.take(4)]).toEqual([true, false, true]);
  one.release();
  one.release();
  expect([other.take(6), other.take(1)]).toEqual([true, false]);
});

test("a hold ends by itself if the runtime dropped its request", () => {
  let nowMs = 0;
  const room = createBodyRoom(() => new Date(nowMs), 10);
  expect(room.hold().take(10)).toBe(true);
  nowMs = 39_000;
  expect(room.hold().take(10)).toBe(false);
  nowMs = 41_000;
  expect(room.hold().take(10)).toBe(true);
});

test.each([
  ["a body that fits", () => streamOf(2), expect.any(Uint8Array)],
  ["a body beyond the room", () => streamOf(5), "no_room"],
  ["a body beyond the limit", () => streamOf(9), "too_large"],
  ["a body that breaks off", brokenStream, "broken_off"],
])("%s takes no more than the room, and gives it back", async (_, bodyOf, read) => {
  const room = createBodyRoom(() => new Date(NOW), 4 * MIB);
  const hold = room.hold();
  expect(await readBody(upload(bodyOf()), 8 * MIB, hold)).toEqual(read);
  hold.release();
  expect(room.hold().take(4 * MIB)).toBe(true);
});

test("bytes are read as they were sent, over several steps", async () => {
  const sent = new Uint8Array(MIB + 7).map((_, index) => index * 31);
  const read = await readBody(upload(sent), 8 * MIB);
  if (!(read instanceof Uint8Array)) throw new Error(`the body was not read: ${read}`);
  expect(read).toHaveLength(sent.length);
  expect(read.every((byte, index) => byte === sent[index])).toBe(true);
});
