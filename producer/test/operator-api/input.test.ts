import { describe, expect, test } from "vitest";
import { brokenStream } from "../support/delivery.ts";
import { expectRefusal } from "../support/errors.ts";
import { startApi } from "./support/api.ts";

const LISTS = [
  "deliveries",
  "validations",
  "dead-letters",
  "replays",
  "reconciles",
  "audits",
  "actions",
] as const;
const TIMED = ["deliveries", "validations", "dead-letters", "actions"] as const;

/** A query that is refused with the names of these fields. */
type Bad = readonly [query: string, ...fields: string[]];

const EVERYWHERE: readonly Bad[] = [
  ["limit=0", "limit"],
  ["limit=201", "limit"],
  ["limit=999", "limit"],
  ["limit=-1", "limit"],
  ["limit=1e9", "limit"],
  ["limit=1.5", "limit"],
  ["limit=", "limit"],
  ["limit=+5", "limit"],
  ["limit=٥", "limit"],
  ["limit=50;drop", "limit"],
  ["unknown=1", "unknown"],
  ["Limit=5", "Limit"],
  [`cursor=${"a".repeat(501)}`, "cursor"],
  ["limit=x&unknown=y", "limit", "unknown"],
];

const OF_TIMES: readonly Bad[] = [
  "yesterday",
  "1",
  "0",
  "2026",
  "6h",
  "2026-13-01",
  "2026-11-01T25:00:00Z",
  "garbage 1",
  "+275760-09-13T00:00:00Z",
  "-000001-01-01T00:00:00Z",
  "2026-11-01' OR 1=1",
  "",
].flatMap((time) => [
  [`since=${encodeURIComponent(time)}`, "since"],
  [`until=${encodeURIComponent(time)}`, "until"],
]);

const BAD: readonly (readonly [path: string, ...bad: Bad])[] = [
  ...LISTS.flatMap((list) => EVERYWHERE.map((bad) => [`/api/${list}`, ...bad] as const)),
  ...TIMED.flatMap((list) => OF_TIMES.map((bad) => [`/api/${list}`, ...bad] as const)),
  ...TIMED.flatMap((list) =>
    ["octo", "octo/", "/widgets", "a/b/c", "octo/wid gets", "octo/'--", ""].map(
      (repo) => [`/api/${list}`, `repo=${encodeURIComponent(repo)}`, "repo"] as const,
    ),
  ),
  ...["", "quued", "QUEUED", "queued,", ",", "queued,nothing", "queued queued", "any"].map(
    (state) => ["/api/validations", `state=${state}`, "state"] as const,
  ),
  ...["", "x", "-1", "1.5", "12345678901", "0x10"].map(
    (pr) => ["/api/validations", `pr=${pr}`, "pr"] as const,
  ),
  ...["", "abc", "xyzxyzx", "g".repeat(40), "a".repeat(65), "abcdef%", "abcdef_"].map(
    (sha) => ["/api/validations", `sha=${encodeURIComponent(sha)}`, "sha"] as const,
  ),
  ["/api/dead-letters", "state=nothing", "state"],
  ["/api/dead-letters", "kind=nothing", "kind"],
  ["/api/dead-letters", "state=", "state"],
  ["/api/replays", "state=running", "state"],
  ["/api/reconciles", "since=2026-11-01T00:00:00Z", "since"],
  ["/api/actions", "outcome=lost", "outcome"],
  ["/api/actions", "action=delete", "action"],
  ["/api/flakes", "repo=octo", "repo"],
  ["/api/flakes", "since=6h", "since"],
  ["/api/flakes", "limit=5", "limit"],
  ["/api/pauses", "limit=5", "limit"],
  ["/api/status", "verbose=1", "verbose"],
  ["/api/metrics", "name=x", "name"],
  ["/api/trace", "", "q"],
  ["/api/trace", "q=", "q"],
  ["/api/trace", "q=%20%20", "q"],
  ["/api/trace", `q=${"a".repeat(401)}`, "q"],
  ["/api/validations/x", "full=1", "full"],
  ["/api/replays/x", "full=1", "full"],
];

describe("a query is refused with the names of its fields", () => {
  test.each(BAD)("%s?%s", async (path, query, ...fields) => {
    const message = await expectRefusal(
      await startApi().ask("GET", `${path}?${query}`),
      400,
      "invalid_query",
    );
    expect(message).toBe(`missing or invalid: ${fields.join(", ")}`);
  });

  test("and never with their values", async () => {
    const query = new URLSearchParams({ limit: "s3cret-1", repo: "s3cret-2", since: "s3cret-3" });
    const response = await startApi().ask("GET", `/api/deliveries?${query}`);
    expect(await response.text()).not.toContain("s3cret");
  });

  test("however many and however long they are", async () => {
    const query = Array.from({ length: 200 }, (_, index) => `${"n".repeat(40)}${index}=1`).join("&");
    const response = await startApi().ask("GET", `/api/deliveries?${query}&${"m".repeat(5000)}=1`);
    expect((await response.text()).length).toBeLessThan(2000);
  });
});

describe("a question that is none", () => {
  test.each(["'; DROP TABLE validations; --", "a b c", "<script>", "octo/widgets#", "%", "💩", "\u0000"])(
    "%s is refused without being said again",
    async (q) => {
      const response = await startApi().ask("GET", `/api/trace?q=${encodeURIComponent(q)}`);
      const message = await expectRefusal(response, 400, "invalid_query");
      expect(message).not.toContain(q);
    },
  );
});

const SCOPED = ["/api/replays", "/api/dead-letters/discard"] as const;
const ALL = { scope: { all: true } };

/** A body that is refused with the names of these fields. */
const BAD_BODIES: readonly (readonly [name: string, body: unknown, ...fields: string[]])[] = [
  ["null", null, "the whole input"],
  ["a list", [], "the whole input"],
  ["a text", "all", "the whole input"],
  ["nothing", {}, "scope"],
  ["a scope of nothing", { scope: {} }, "scope"],
  ["a list as scope", { scope: [] }, "scope.filter"],
  ["a text as scope", { scope: "all" }, "scope"],
  ["all and ids", { scope: { all: true, ids: ["a"] } }, "scope"],
  ["a filter and ids", { scope: { filter: { kind: "fact" }, ids: ["a"] } }, "scope"],
  ["a filter of nothing", { scope: { filter: {} } }, "scope.filter"],
  ["a list as filter", { scope: { filter: [] } }, "scope.filter"],
  ["all that is not true", { scope: { all: false } }, "scope.all"],
  ["no ids", { scope: { ids: [] } }, "scope.ids"],
  ["too many ids", { scope: { ids: Array.from({ length: 1001 }, String) } }, "scope.ids"],
  ["ids that are not text", { scope: { ids: [1] } }, "scope.ids.0"],
  ["an id that is too long", { scope: { ids: ["x".repeat(301)] } }, "scope.ids.0"],
  ["an unknown filter", { scope: { filter: { state: "open" } } }, "scope.filter.state"],
  ["an unknown kind", { scope: { filter: { kind: "x" } } }, "scope.filter.kind"],
  ["a filter's bad time", { scope: { filter: { since: "6h" } } }, "scope.filter.since"],
  ["an unknown field", { ...ALL, force: true }, "force"],
  ["a dry run that is not a boolean", { ...ALL, dry_run: "true" }, "dry_run"],
  ["a reason that is too long", { ...ALL, reason: "x".repeat(501) }, "reason"],
  ["a reason that is not text", { ...ALL, reason: { $gt: "" } }, "reason"],
];

describe("a body is refused with the names of its fields", () => {
  type BadBody = readonly [path: string, name: string, body: unknown, ...fields: string[]];
  const bad: readonly BadBody[] = [
    ...SCOPED.flatMap((path) => BAD_BODIES.map((one): BadBody => [path, ...one])),
    ...[0, -1, 1.5, 6001, 1e9, "600", null].map(
      (rate): BadBody => ["/api/replays", `rate ${rate}`, { ...ALL, rate }, "rate"],
    ),
    ["/api/dead-letters/discard", "a rate", { ...ALL, rate: 60 }, "rate"],
    ["/api/reconciles", "a list", [], "the whole input"],
    ["/api/reconciles", "a time without a zone", { since: "2026-11-01T00:00:00" }, "since"],
    ["/api/reconciles", "a span", { since: "6h" }, "since"],
    ["/api/reconciles", "an impossible zone", { since: "2026-11-01T00:00:00+99:99" }, "since"],
    ["/api/reconciles", "an impossible day", { since: "2026-13-41T00:00:00Z" }, "since"],
    ["/api/reconciles", "an unknown field", { hook: "app" }, "hook"],
    ["/api/audits", "an invalid repository", { repositories: ["acme/.."] }, "repositories.0"],
    ["/api/audits", "no repository", { repositories: [] }, "repositories"],
  ];
  const cases = bad.map(([path, name, body, ...fields]) => ({ path, name, body, fields }));
  test.each(cases)("$path: $name", async ({ path, body, fields }) => {
    const api = startApi();
    const message = await expectRefusal(await api.ask("POST", path, { body }), 400, "invalid_body");
    expect(message).toBe(`missing or invalid: ${fields.join(", ")}`);
    expect(api.sent).toEqual([]);
  });

  const deep = (depth: number) => `{"scope":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  test.each([
    ["nothing", ""],
    ["half of JSON", '{"scope":'],
    ["no JSON", "scope=all"],
    ["a byte order mark and nothing", "\ufeff"],
    ["JSON twice", "{}{}"],
    ["deep nesting", deep(20_000)],
    ["deep objects", `${'{"scope":'.repeat(20_000)}1${"}".repeat(20_000)}`],
  ])("%s", async (_, raw) => {
    for (const path of [...SCOPED, "/api/reconciles"]) {
      const response = await startApi().ask("POST", path, { raw });
      await expectRefusal(response, 400, "invalid_body");
    }
  });

  test("if it is truncated", async () => {
    const response = await startApi().ask("POST", "/api/replays", { raw: brokenStream() });
    await expectRefusal(response, 400, "invalid_body");
  });

  test("if it is not UTF-8", async () => {
    const raw = new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    await expectRefusal(await startApi().ask("POST", "/api/reconciles", { raw }), 400, "invalid_body");
  });
});

describe("a body that is too large is refused, however much of it there is", () => {
  /** Grows for as long as somebody reads it. */
  function endless(chunk: Uint8Array): { readonly stream: ReadableStream; readonly taken: () => number } {
    let taken = 0;
    const stream = new ReadableStream({
      type: "bytes",
      pull(controller) {
        taken += chunk.byteLength;
        if (taken > 64 * 1024 * 1024) controller.close();
        else controller.enqueue(chunk.slice());
      },
    });
    return { stream, taken: () => taken };
  }

  test("without a content-length", async () => {
    const { stream, taken } = endless(new Uint8Array(64 * 1024).fill(0x20));
    const response = await startApi().ask("POST", "/api/replays", { raw: stream });
    await expectRefusal(response, 413, "payload_too_large");
    expect(taken()).toBeLessThan(2 * 1024 * 1024);
  });

  test("with characters of several bytes", async () => {
    const raw = JSON.stringify({ ...ALL, reason: "漢".repeat(400_000) });
    await expectRefusal(await startApi().ask("POST", "/api/replays", { raw }), 413, "payload_too_large");
  });

  test("a scope of 1,000 long ids is not", async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `${index}-`.padEnd(300, "x"));
    const response = await startApi().ask("POST", "/api/replays", {
      body: { scope: { ids }, dry_run: true },
    });
    expect(response.status).toBe(200);
  });
});
