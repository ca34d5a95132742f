import { deadLetterScope as scopeSchema } from "@webhook-gateway/shared/api/dead-letter.ts";
import * as v from "valibot";
import { expect, test } from "vitest";
import { EXIT, GatewayError } from "../../src/exit.ts";
import { readScope } from "../../src/input/scope.ts";

interface ScopeOptions {
  readonly repo?: string;
  readonly event?: string;
  readonly kind?: string;
  readonly class?: string;
  readonly since?: string;
  readonly until?: string;
  readonly all?: boolean;
}

const deadLetterScope = (ids: readonly string[], options: ScopeOptions) =>
  readScope("dead letters", ids, options, ["repo", "event", "kind", "class", "since", "until"]);

const SINCE = "2026-11-24T00:00:00.000Z";
const UNTIL = "2026-11-24T06:00:00.000Z";

test.each<[string, string[], ScopeOptions, object]>([
  ["ids", ["a", "b"], {}, { ids: ["a", "b"] }],
  ["the same id twice", ["a", "b", "a"], {}, { ids: ["a", "b"] }],
  ["all", [], { all: true }, { all: true }],
  ["a filter", [], { repo: "acme/widgets" }, { filter: { repo: "acme/widgets" } }],
  [
    "several filters",
    [],
    { kind: "dispatch", class: "permanent", event: "push", since: SINCE, until: UNTIL },
    { filter: { event: "push", since: SINCE, until: UNTIL, kind: "dispatch", class: "permanent" } },
  ],
])("takes %s", (_, ids, options, scope) => {
  expect(deadLetterScope(ids, options)).toEqual(scope);
  expect(v.is(scopeSchema, deadLetterScope(ids, options))).toBe(true);
});

test.each<[string, string[], ScopeOptions, RegExp]>([
  ["no scope", [], {}, /which dead letters\?/],
  ["ids with a filter", ["a"], { repo: "acme/widgets" }, /ids and --repo exclude/],
  ["ids with --all", ["a"], { all: true }, /ids and --all exclude/],
  ["a filter with --all", [], { kind: "fact", all: true }, /--kind, --all exclude/],
  ["a time span that ends before it begins", [], { since: UNTIL, until: SINCE }, /--since is later/],
  ["too many ids", Array.from({ length: 1001 }, (_, index) => `id-${index}`), {}, /more than 1000 ids/],
])("refuses %s as bad usage", (_, ids, options, message) => {
  const scope = () => deadLetterScope(ids, options);

  expect(scope).toThrow(message);
  expect(scope).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  expect(scope).toThrow(GatewayError);
});
