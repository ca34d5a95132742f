import webhooks from "@octokit/webhooks-examples";
import { isRouted, routeDelivery } from "@webhook-gateway/shared/routing/routing.ts";
import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { createFieldParser } from "../../src/ingress/json-projection.ts";
import { payloadFields } from "../../src/ingress/payload-fields.ts";

const FIELDS = { id: true, name: true, inner: { sha: true, deep: { x: true } }, list: true } as const;
const project = createFieldParser(FIELDS);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What JSON.parse gives, without the fields that are not wanted. */
function expected(text: string): unknown {
  try {
    return restrict(JSON.parse(text), FIELDS);
  } catch {
    return undefined;
  }
}

type Below = { readonly [key: string]: Below | true };

function restrict(value: unknown, fields: Below | true): unknown {
  if (fields === true || value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([key]) => Object.hasOwn(fields, key));
  return Object.fromEntries(kept.map(([key, below]) => [key, restrict(below, fields[key] ?? true)]));
}

const projected = (text: string): unknown => project(bytesOf(text));

describe("a document", () => {
  test.each([
    ["fields that are wanted", '{"id":1,"name":"a"}', { id: 1, name: "a" }],
    [
      "fields that are not, in every place",
      '{"a":[1,{"b":2}],"id":1,"c":"d","name":"e","f":null}',
      { id: 1, name: "e" },
    ],
    ["only fields that are not", '{"a":1,"b":{"id":2}}', {}],
    ["nothing", "{}", {}],
    [
      "fields below others",
      '{"inner":{"a":1,"sha":"b","deep":{"y":1,"x":[2]},"c":{}}}',
      { inner: { sha: "b", deep: { x: [2] } } },
    ],
    [
      "something else where fields are expected",
      '{"inner":[{"sha":1}],"id":null}',
      { inner: [{ sha: 1 }], id: null },
    ],
    [
      "space wherever it may be",
      ' \t\r\n{ "id" : 1 , "a" : [ 1 , 2 ] , "name" : "b" } \n',
      { id: 1, name: "b" },
    ],
    [
      "a field twice: the last counts",
      '{"inner":{"sha":1},"inner":{"deep":{"x":2}},"id":1,"id":2}',
      { inner: { deep: { x: 2 } }, id: 2 },
    ],
    ["a key with escapes", '{"\\u0069d":1,"n\\u0061me":"a"}', { id: 1, name: "a" }],
    ["a field twice, once with escapes", '{"id":1,"\\u0069d":2}', { id: 2 }],
    ["quotes and braces within texts", '{"a":"}\\",{[","name":"\\\\","id":3}', { id: 3, name: "\\" }],
    ["characters of every width", '{"a":"é漢🙂","name":"é漢🙂"}', { name: "é漢🙂" }],
    ["half a surrogate pair, escaped", '{"name":"\\ud83d"}', { name: "\ud83d" }],
    ["numbers of every form", '{"a":[0,-0,1.5,-1e9,1E+2,0.1e-3],"id":-12.5e3}', { id: -12500 }],
    ["no object", "[1,2]", [1, 2]],
    ["only a number", " 12 ", 12],
    ["only a text", '"a"', "a"],
    ["a byte order mark before it", '\ufeff{"id":1}', { id: 1 }],
  ])("with %s", (_, text, value) => {
    expect(project(bytesOf(text))).toEqual(value);
  });

  test.each([
    ...[
      "",
      " ",
      "{",
      "}",
      "[",
      "]",
      '"',
      '{"id"',
      '{"id":',
      '{"id":1',
      '{"id":1,',
      '{"id":1,}',
      "{,}",
      "[1,]",
      "[,1]",
    ],
    ...[
      '{"id":1}{',
      '{"id":1} x',
      "{id:1}",
      "{'id':1}",
      '{"id" 1}',
      '{"id"::1}',
      '{"a":1 "id":2}',
      '{"a":[1 2]}',
    ],
    ...[
      '{"a":[1}',
      '{"a":{"b":1]}',
      '{"a":tru}',
      '{"a":nul',
      '{"a":True}',
      '{"a":undefined}',
      '{"a":NaN}',
      '{"a":truex}',
    ],
    ...[
      '{"a":01}',
      '{"a":-}',
      '{"a":1.}',
      '{"a":.5}',
      '{"a":+1}',
      '{"a":1e}',
      '{"a":1e+}',
      '{"a":0x1}',
      '{"a":1_0}',
    ],
    ...[
      '{"a":"\n"}',
      '{"a":"\t"}',
      '{"a":"\u0000"}',
      '{"a":"\\x"}',
      '{"a":"\\u12g4"}',
      '{"a":"\\u12"}',
      '{"a":"\\',
    ],
    ...['{"a":"b}', '{"a\n":1}', "\u00a0{}", "{\f}", "{}\u0000", "/**/{}", '{"a":1}//'],
  ])("that is malformed (%j) is none", (text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(project(bytesOf(text))).toBeUndefined();
  });

  test("that is not UTF-8 is none, wherever the bytes are", () => {
    for (const text of ['{"a":"é"}', '{"name":"é"}', '{"é":1}']) {
      const bytes = bytesOf(text);
      expect(project(bytes)).toBeDefined();
      bytes[bytes.indexOf(0xc3) + 1] = 0x28;
      expect(project(bytes)).toBeUndefined();
    }
  });

  test("may have a character of several bytes anywhere, wherever it is cut for checking", () => {
    for (let before = 65_520; before < 65_540; before++) {
      const bytes = bytesOf(`{"a":"${"x".repeat(before)}🙂","id":1}`);
      expect(project(bytes)).toEqual({ id: 1 });
      bytes[bytes.indexOf(0xf0) + 3] = 0x41;
      expect(project(bytes)).toBeUndefined();
    }
  });

  test("may be nested a million deep", () => {
    const deep = 1_000_000;
    const text = `{"a":${"[".repeat(deep)}${"]".repeat(deep)},"id":1}`;

    expect(project(bytesOf(text))).toEqual({ id: 1 });
    expect(project(bytesOf(text.replace("]]", "]")))).toBeUndefined();
  });

  test("may begin anywhere in its buffer", () => {
    const text = '{"a":"0123456789abcdef","id":7}';
    for (let offset = 0; offset < 8; offset++) {
      const buffer = new Uint8Array(offset + text.length + 3);
      buffer.set(bytesOf(text), offset);

      expect(project(buffer.subarray(offset, offset + text.length))).toEqual({ id: 7 });
    }
  });

  test("is left as it was", () => {
    const bytes = bytesOf('{"a":1,"id":2}');
    project(bytes);

    expect(new TextDecoder().decode(bytes)).toBe('{"a":1,"id":2}');
  });
});

const KEYS = ["id", "name", "inner", "sha", "deep", "x", "list", "other", "ié", "__proto__"];
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 6 }),
  ),
})).value;

test("says of any document what JSON.parse says", () => {
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      expect(projected(text)).toEqual(expected(text));
    }),
    { numRuns: amount(1_000) },
  );
});

test("agrees with JSON.parse on invalid JSON, whichever byte is changed, missing or added", () => {
  const piece = fc.constantFrom(...'{}[]",:\\ \n\t-+.eE01tfnu/\u0000é');
  fc.assert(
    fc.property(json, fc.nat(), piece, fc.constantFrom(0, 1), (value, position, inserted, removed) => {
      const text = JSON.stringify(value);
      const at = position % (text.length + 1);
      const changed = text.slice(0, at) + inserted + text.slice(at + removed);
      expect(projected(changed)).toEqual(expected(changed));
    }),
    { numRuns: amount(5_000) },
  );
});

test("leaves all in GitHub's own payloads that routing looks at", async () => {
  const policy = { allowsRepository: () => true, validatesBranch: () => true };
  const routed = webhooks.filter(({ name }) => isRouted(name));
  expect(routed.length).toBeGreaterThan(8);
  for (const { name, examples } of routed) {
    const parse = createFieldParser(payloadFields(name));
    for (const payload of examples) {
      const kept = parse(bytesOf(JSON.stringify(payload)));

      const head = { id: "1", event: name, received_at: "2026-11-23T10:00:00.000Z" };
      const expected = await routeDelivery(head, payload, policy);
      expect(await routeDelivery(head, kept, policy)).toEqual(expected);
      expect(JSON.stringify(kept).length).toBeLessThan(JSON.stringify(payload).length / 2);
    }
  }
});

test("makes no value of a pull request's fields that routing does not look at", () => {
  const examples: readonly object[] = webhooks.find(({ name }) => name === "pull_request")?.examples ?? [];
  const opened = examples.find((payload) => "action" in payload && payload.action === "opened");
  const names: string[] = [];
  const kept = createFieldParser(payloadFields("pull_request"))(bytesOf(JSON.stringify(opened)));
  JSON.stringify(kept, (name, value: unknown) => {
    if (typeof value !== "object") names.push(name);
    return value;
  });

  expect(names.join(" ")).toBe(
    "action html_url number state login updated_at ref sha id full_name sha author_association draft " +
      "id full_name clone_url login",
  );
});
