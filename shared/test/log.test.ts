import { describe, expect, test, vi } from "vitest";
import { createLog, errorText } from "../src/telemetry/log.ts";

function capture(debug = false) {
  const lines: { level: string; line: string }[] = [];
  return { lines, log: createLog({ debug, write: (level, line) => lines.push({ level, line }) }) };
}

test("writes one JSON object a line", () => {
  const { lines, log } = capture();
  log.info("delivery.accepted", {
    text: 'line\nbreak "quoted"\u2028',
    count: 3,
    none: null,
    absent: undefined,
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.line).not.toMatch(/[\n\r]/);
  expect(JSON.parse(lines[0]?.line ?? "")).toEqual({
    level: "info",
    event: "delivery.accepted",
    text: 'line\nbreak "quoted"\u2028',
    count: 3,
    none: null,
  });
});

test("binds fields, of which the line's own win, and leaves the parent as it was", () => {
  const { lines, log } = capture();
  const child = log.with({ a: 1, b: 1 }).with({ b: 2 });
  child.warn("one", { c: 3 });
  log.error("two");
  expect(lines.map(({ line }) => JSON.parse(line))).toEqual([
    { level: "warn", event: "one", a: 1, b: 2, c: 3 },
    { level: "error", event: "two" },
  ]);
});

test.each([
  [true, ["debug", "info", "warn", "error"]],
  [false, ["info", "warn", "error"]],
])("writes debug lines only where asked: %s", (debug, levels) => {
  const { lines, log } = capture(debug);
  for (const one of [log, log.with({ bound: 1 })]) {
    one.debug("e");
    one.info("e");
    one.warn("e");
    one.error("e");
  }
  expect(lines.map(({ level }) => level)).toEqual([...levels, ...levels]);
});

test("writes to the console by default, at the line's level", () => {
  const spies = (["log", "info", "warn", "error"] as const).map((method) =>
    vi.spyOn(console, method).mockReturnValue(),
  );
  const log = createLog({ debug: true });
  log.debug("e");
  log.info("e");
  log.warn("e");
  log.error("e");
  expect(spies.map((spy) => spy.mock.calls.length)).toEqual([1, 1, 1, 1]);
  vi.restoreAllMocks();
});

describe("errorText", () => {
  test("gives name and message, and hides cause and stack", () => {
    const error = new TypeError("fetch failed", { cause: new Error("token s3cret") });
    expect(errorText(error)).toBe("TypeError: fetch failed");
  });

  test("cuts long messages", () => {
    expect(errorText(new Error("x".repeat(10_000)))).toHaveLength(500);
  });

  test.each(["a string with a s3cret", { secret: 1 }, null, undefined, 7])(
    "reveals nothing of %j",
    (thrown) => {
      expect(errorText(thrown)).toBe("unknown error");
    },
  );
});
