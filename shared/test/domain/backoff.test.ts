import { expect, test } from "vitest";
import fc from "../../../test/support/fast-check.ts";
import {
  BACKPRESSURE_BACKOFF,
  type Backoff,
  backoffMs,
  CONFIGURATION_BACKOFF,
  DEAD_LETTER_BACKOFF,
  EFFECT_BACKOFF,
  RECORD_BACKOFF,
  UNAVAILABLE_BACKOFF,
  withJitter,
} from "../../src/domain/backoff.ts";

const HOUR_MS = 3_600_000;
const QUEUE_RETRIES = 100;

const sum = (backoff: Backoff, attempts: number): number =>
  Array.from({ length: attempts }, (_, index) => backoffMs(backoff, index + 1)).reduce((a, b) => a + b, 0);

test.each([
  ["effects", EFFECT_BACKOFF, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]],
  ["backpressure", BACKPRESSURE_BACKOFF, [10, 20, 40, 80, 160, 300, 300]],
  ["configuration", CONFIGURATION_BACKOFF, [10, 20, 40, 60, 60]],
  ["recording", RECORD_BACKOFF, [5, 10, 20, 40, 80, 160, 320, 360, 360]],
  ["Grainchain away", UNAVAILABLE_BACKOFF, [5, 10, 20, 40, 80, 160, 320, 600, 600]],
  ["dead letters", DEAD_LETTER_BACKOFF, [60, 120, 240, 480, 960, 1920, 3840, 7680, 10_800, 10_800]],
])("doubles up to its longest: %s", (_name, backoff, seconds) => {
  expect(seconds.map((_, index) => backoffMs(backoff, index + 1) / 1000)).toEqual(seconds);
});

test("keeps facts for at least 8 hours of D1 being down before they reach the dead-letter queue", () => {
  expect(sum(RECORD_BACKOFF, QUEUE_RETRIES)).toBeGreaterThanOrEqual(8 * HOUR_MS);
});

test("keeps dead letters in their queue for more than a week, and never as long as a queue keeps a message", () => {
  expect(sum(DEAD_LETTER_BACKOFF, QUEUE_RETRIES)).toBeGreaterThan(7 * 24 * HOUR_MS);
  expect(sum(DEAD_LETTER_BACKOFF, QUEUE_RETRIES)).toBeLessThan(14 * 24 * HOUR_MS);
});

test("never asks a queue for a longer delay than it takes", () => {
  for (const backoff of [RECORD_BACKOFF, DEAD_LETTER_BACKOFF, EFFECT_BACKOFF]) {
    expect(backoff.maxMs).toBeLessThanOrEqual(24 * HOUR_MS);
  }
});

test.each([-1, 0, 1])("takes attempt %d as the first", (attempt) => {
  expect(backoffMs(EFFECT_BACKOFF, attempt)).toBe(5_000);
});

test("stays at the longest delay however many attempts were made", () => {
  expect(backoffMs(EFFECT_BACKOFF, Number.MAX_SAFE_INTEGER)).toBe(EFFECT_BACKOFF.maxMs);
});

test("spreads a delay over its upper half", () => {
  expect(withJitter(10_000, 0)).toBe(10_000);
  expect(withJitter(10_000, 0.5)).toBe(12_500);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 * HOUR_MS }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (ms, random) => {
        const delay = withJitter(ms, random);
        expect(delay).toBeGreaterThanOrEqual(ms);
        expect(delay).toBeLessThanOrEqual(Math.ceil(ms * 1.5));
        expect(Number.isInteger(delay)).toBe(true);
      },
    ),
  );
});
