import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { applyObservation, type HeadObservation, type KnownHead } from "../../src/domain/ordering.ts";

const T1 = "2026-11-01T10:00:01.000Z";
const T2 = "2026-11-01T10:00:02.000Z";
const T3 = "2026-11-01T10:00:03.000Z";

const opened = (head: string, at = T1): HeadObservation => ({ head, at, before: null, first: true });
const pushed = (before: string, head: string, at = T1): HeadObservation => ({
  head,
  at,
  before,
  first: false,
});
const other = (head: string, at = T1): HeadObservation => ({ head, at, before: null, first: false });

function place(observations: readonly HeadObservation[]) {
  let known: KnownHead | undefined;
  const verdicts = observations.map((seen) => {
    const placement = applyObservation(known, seen);
    known = placement.known;
    return placement.verdict;
  });
  return { known, verdicts };
}

describe("events of different seconds", () => {
  test.each([
    ["takes the first observation as the newest", [opened("a", T2)], "a", ["newer"]],
    ["moves to a newer head", [opened("a"), pushed("a", "b", T2)], "b", ["newer", "newer"]],
    ["keeps the head that a newer event repeats", [opened("a"), other("a", T2)], "a", ["newer", "same"]],
    [
      "keeps the newer head when an older synchronize arrives late",
      [pushed("b", "c", T3), pushed("a", "b", T2)],
      "c",
      ["newer", "stale"],
    ],
    [
      "keeps the newer head when opened arrives last",
      [pushed("a", "b", T2), opened("a")],
      "b",
      ["newer", "stale"],
    ],
    [
      "keeps the older head's event stale even where it names the known head's parent",
      [pushed("a", "b", T2), other("a", T1)],
      "b",
      ["newer", "stale"],
    ],
    [
      "follows a force push back to an earlier head",
      [opened("a"), pushed("a", "b", T2), pushed("b", "a", T3)],
      "a",
      ["newer", "newer", "newer"],
    ],
  ])("%s", (_name, observations, head, verdicts) => {
    const placed = place(observations);
    expect(placed.known?.head).toBe(head);
    expect(placed.verdicts).toEqual(verdicts);
  });

  test("keeps the time of the newest event", () => {
    expect(place([pushed("b", "c", T3), pushed("a", "b", T2)]).known?.at).toBe(T3);
  });

  test("forgets the pushes of an earlier second", () => {
    expect(place([pushed("a", "b", T1), pushed("b", "c", T2)]).known?.edges).toEqual([["b", "c"]]);
  });
});

describe("events of the same second", () => {
  test.each([
    ["two pushes in order", [pushed("a", "b"), pushed("b", "c")], "c"],
    ["two pushes in reverse", [pushed("b", "c"), pushed("a", "b")], "c"],
    ["opened before its push", [opened("a"), pushed("a", "b")], "b"],
    ["opened after its push", [pushed("a", "b"), opened("a")], "b"],
    ["opened after a push of which it is not the parent", [pushed("b", "c"), opened("a")], "c"],
    ["another event of the head that a push left", [pushed("a", "b"), other("a")], "b"],
    ["another event of the head before its push", [other("a"), pushed("a", "b")], "b"],
    ["three pushes, the middle one last", [pushed("c", "d"), pushed("a", "b"), pushed("b", "c")], "d"],
    ["three pushes, the middle one first", [pushed("b", "c"), pushed("c", "d"), pushed("a", "b")], "d"],
    ["three pushes in reverse", [pushed("c", "d"), pushed("b", "c"), pushed("a", "b")], "d"],
    [
      "five pushes with gaps of several",
      [pushed("e", "f"), pushed("a", "b"), pushed("c", "d"), pushed("d", "e"), pushed("b", "c")],
      "f",
    ],
    [
      "repeated pushes",
      [pushed("b", "c"), pushed("a", "b"), pushed("b", "c"), pushed("a", "b"), opened("a")],
      "c",
    ],
    [
      "two pushes from one head, the push back between them last",
      [pushed("a", "b"), pushed("a", "c"), pushed("b", "a")],
      "c",
    ],
  ])("ends at the last head: %s", (_name, observations, head) => {
    expect(place(observations).known?.head).toBe(head);
  });

  test("takes the later arrival if the pushes do not say which came first", () => {
    const placed = place([other("a"), other("b")]);
    expect(placed.known?.head).toBe("b");
    expect(placed.verdicts).toEqual(["newer", "newer"]);
  });

  test("takes the later arrival if the pushes go in a circle", () => {
    const placed = place([pushed("a", "b"), pushed("b", "a")]);
    expect(placed.known?.head).toBe("a");
    expect(placed.verdicts).toEqual(["newer", "newer"]);
  });

  test("forgets the oldest pushes first", () => {
    const pushes = Array.from({ length: 60 }, (_, n) => pushed(`${n}`, `${n + 1}`));
    expect(place([...pushes, other("59")]).known?.head).toBe("60");
  });

  test("remembers no push twice and no more than fifty", () => {
    const known = place(
      Array.from({ length: 60 }, (_, n) => [pushed(`${n}`, `${n + 1}`), pushed(`${n}`, `${n + 1}`)]).flat(),
    );
    expect(known.known?.edges).toHaveLength(50);
    expect(known.known?.head).toBe("60");
  });
});

/** A pull request's history: opened, then pushes one after the other; consecutive ones may share a second. */
const history = fc
  .record({
    ties: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    others: fc.array(fc.nat(), { maxLength: 4 }),
  })
  .map(({ ties, others }) => {
    let second = 0;
    const at = () => new Date(Date.UTC(2026, 10, 1) + second * 1000).toISOString();
    const events: HeadObservation[] = [opened("sha-0", at())];
    ties.forEach((tied, index) => {
      if (!tied) second++;
      events.push(pushed(`sha-${index}`, `sha-${index + 1}`, at()));
    });
    // Events beside the pushes (edited, ready_for_review) that name the head of their moment.
    for (const index of others) {
      const seen = events[index % events.length];
      if (seen !== undefined) events.push(other(seen.head, seen.at));
    }
    return { events, last: `sha-${ties.length}` };
  });

test("ends at the chain's last head in any order and with any repetition", () => {
  const delivered = history.chain(({ events, last }) =>
    fc.record({
      last: fc.constant(last),
      order: fc
        .array(fc.constantFrom(...events), { maxLength: 10 })
        .chain((again) =>
          fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length }),
        ),
    }),
  );
  fc.assert(
    fc.property(delivered, ({ order, last }) => {
      expect(place(order).known?.head).toBe(last);
    }),
    { numRuns: amount(5_000) },
  );
});

test("changes nothing when a settled history is delivered again", () => {
  fc.assert(
    fc.property(history, fc.nat(), ({ events, last }, pick) => {
      const again = events[pick % events.length];
      const settled = place(events).known;
      if (again === undefined || settled === undefined) throw new Error("an empty history");
      const { verdict, known } = applyObservation(settled, again);
      expect(known).toEqual(settled);
      expect(verdict).toBe(again.at === settled.at && again.head === last ? "same" : "stale");
    }),
  );
});

test("follows the pushes of one second from whatever head it was misled to", () => {
  const at = "2026-11-01T00:00:02.000Z";
  const seen = (head: string, before: string | null) => ({ head, at, before, first: false });
  // An edit names the third head after the fourth is known; the push between them comes last.
  const arrivals = [seen("d", "c"), seen("b", null), seen("c", "b"), seen("b", "a")];
  let known: KnownHead | undefined;
  for (const arrival of arrivals) known = applyObservation(known, arrival).known;
  expect(known?.head).toBe("d");
});
