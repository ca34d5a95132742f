/** Bodies that are hard to parse, for various reasons. */
import fc from "fast-check";
import { anyText } from "../../../support/any-text.ts";
import { MARKER } from "./attack.ts";

const DEEP = 100_000;
const MIB = 1024 * 1024;

const json = JSON.stringify({ action: "opened", zen: MARKER, pull_request: { number: 1 } });

/** The corpus, each with what is wrong with it. */
export const CORPUS: readonly (readonly [name: string, body: Buffer | string])[] = [
  ["nothing", ""],
  ["a space", " "],
  ["a byte order mark and JSON", `\ufeff${json}`],
  ["UTF-16", Buffer.from(`\ufeff${json}`, "utf16le")],
  [
    "bytes that are not UTF-8",
    Buffer.concat([Buffer.from(`{"${MARKER}":"`), Buffer.from([0xff, 0xfe, 0xc3, 0x28])]),
  ],
  ["a surrogate in bytes", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ["an overlong slash", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ["NULs", Buffer.alloc(1000)],
  ["a lone surrogate", '{"action":"\\ud800","sender":{"login":"\\udfff"}}'],
  ["open brackets", "[".repeat(DEEP)],
  ["deep lists", "[".repeat(DEEP) + "]".repeat(DEEP)],
  ["deep objects", `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`],
  ["a deep field", `{"action":"opened","pull_request":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`],
  ["an infinite number", '{"action":"opened","pull_request":{"number":1e99999}}'],
  ["a number of many digits", `{"number":${"9".repeat(DEEP)}}`],
  ["minus zero", '{"action":"opened","pull_request":{"number":-0}}'],
  ["a key twice", '{"action":"closed","action":"opened","action":null}'],
  ["a prototype", '{"__proto__":{"action":"opened"},"constructor":{"prototype":{"action":"opened"}}}'],
  ["names of methods", '{"toString":1,"hasOwnProperty":1,"then":{"then":1},"toJSON":1}'],
  ["null", "null"],
  ["a list", "[]"],
  ["a text", `"${MARKER}"`],
  ["NaN", "NaN"],
  ["a comment", `/* ${MARKER} */ {}`],
  ["two values", `${json}${json}`],
  ["a trailing comma", '{"action":"opened",}'],
  ["a form", `payload=${encodeURIComponent(json)}`],
  ["a form with two payloads", `payload=%7B%7D&payload=${encodeURIComponent(json)}`],
  ["a form without a payload", `body=${MARKER}`],
  ["a form with broken escapes", "payload=%7B%zz%"],
  ["a form with bytes that are not UTF-8", "payload=%ff%fe%c3%28"],
  ["an XML entity", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;${MARKER}</a>`],
  ["a megabyte of text", JSON.stringify({ action: "opened", body: MARKER.repeat(MIB / MARKER.length) })],
  ["a megabyte of keys", JSON.stringify(Object.fromEntries(manyKeys()))],
  ["a megabyte of nothing", " ".repeat(MIB)],
];

function* manyKeys(): Generator<[string, number]> {
  for (let index = 0; index < 70_000; index++) yield [`key-${index}`, index];
}

/** Texts that could be mistaken for something else. */
export const NASTY_TEXTS = [
  ...["", " ", "\u0000", "a\u0000b", "\ud800", "\u202e", "\r\nx-injected: 1", "%00", "%s%n", "\u2028", "🙈"],
  ...["'; DROP TABLE deliveries; --", '" OR 1=1 --', "<script>alert(1)</script>", "{{7*7}}", "$(reboot)"],
  ...["__proto__", "constructor", "../../etc/passwd", "..", ".", "null", "-1", "NaN", "1e400"],
  ...["javascript:alert(1)", "file:///etc/passwd", "http://169.254.169.254/", "x".repeat(5000)],
];

/** Any JSON value, more often a nasty one. */
export const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY_TEXTS) },
  fc.constantFrom(null, true, false, 0, -1, 0.5, 1e308, 2 ** 53, Number.MAX_SAFE_INTEGER, [], {}, [[]]),
  fc.constantFrom({ length: -1 }, { toString: null }, ["__proto__"]),
  fc.jsonValue({ maxDepth: 3 }),
);

export const anyBody: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...CORPUS).map(([, body]) => Buffer.from(body)) },
  fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  anyText({ maxLength: 500 }).map((text) => Buffer.from(text)),
);
