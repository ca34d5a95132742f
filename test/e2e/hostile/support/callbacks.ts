/** Callbacks that no Grainchain would send. */
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import fc from "fast-check";
import { SECRETS } from "../../support/gateway.ts";
import { MARKER } from "./attack.ts";
import { anyBody, CORPUS, NASTY_TEXTS, nastyValue } from "./bodies.ts";

const SECRET = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
const STATUSES = ["pending", "running", "completed", "failed", "cancelled"];
const KIB = 1024;

export const tokenOf = (id: string): Promise<string> => capabilityToken(SECRET, id);

/** Creates a token that is not valid for this validation. */
type Forge = (id: string, other: string) => Promise<string>;

const flipped = (token: string, at: number): string =>
  `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;

/** Invalid tokens. */
export const FORGED_TOKENS: readonly (readonly [name: string, forge: Forge])[] = [
  ["nothing in its place", async () => ""],
  ["the token of another validation", (_, other) => tokenOf(other)],
  ["a token under another secret", (id) => capabilityToken("guess", id)],
  ["a token under no secret", (id) => capabilityToken(" ", id)],
  ["the first character changed", async (id) => flipped(await tokenOf(id), 0)],
  ["a character in the middle changed", async (id) => flipped(await tokenOf(id), 21)],
  ["the bits after the end changed", async (id) => withOtherEnd(await tokenOf(id))],
  ["a character less", async (id) => (await tokenOf(id)).slice(0, -1)],
  ["a character more", async (id) => `${await tokenOf(id)}A`],
  ["padding", async (id) => `${await tokenOf(id)}=`],
  ["escaped padding", async (id) => `${await tokenOf(id)}%3D`],
  ["a space after it", async (id) => `${await tokenOf(id)}%20`],
  ["a NUL after it", async (id) => `${await tokenOf(id)}%00`],
  ["characters that are not base64", async () => "!".repeat(43)],
  ["characters beyond ASCII", async () => "%C3%A9".repeat(43)],
  ["hex", async (id) => Buffer.from(await tokenOf(id), "base64url").toString("hex")],
  ["zeros", async () => "A".repeat(43)],
  ["the secret", async () => encodeURIComponent(SECRET)],
  ["a very long token", async () => "A".repeat(10_000)],
  ["broken escapes", async () => "%E0%A4%A"],
];

/** 43 characters hold two bits more than 256: another last character encodes the same bytes. */
function withOtherEnd(token: string): string {
  const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + characters[characters.indexOf(token.slice(-1)) ^ 1];
}

const shortTexts = NASTY_TEXTS.filter(({ length }) => length > 0 && length <= 200);

const hostileResults = fc.oneof(
  fc.constant(undefined),
  fc.constant(null),
  fc.dictionary(fc.constantFrom(...shortTexts, "success", "error", "test_results"), nastyValue),
  fc.constantFrom(...[11, 12, 13, 1023, 1024, 1025, 3000]).map((kib) => ({ output: "x".repeat(kib * KIB) })),
  fc.constantFrom(90, 99, 100, 101, 500).map((levels) => ({ a: nested(levels) })),
  fc.constant({
    success: false,
    error: "\u0000\ud800".repeat(2000),
    test_results: { overall_success: "no" },
  }),
);

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const anyField = (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 8, arbitrary: good }, nastyValue, fc.constant(undefined));

const shape = fc.record({
  validation_id: anyField(fc.constantFrom("gc-1", "gc-2", "nobody", ...shortTexts, null, undefined)),
  project_id: anyField(fc.constantFrom("acme/widgets", ...shortTexts)),
  pr_number: anyField(fc.constantFrom(1, 0, -1, Number.MAX_SAFE_INTEGER)),
  status: anyField(fc.constantFrom(...STATUSES)),
  results: anyField(hostileResults),
  timestamp: anyField(
    fc.constantFrom("2026-01-01T00:00:00", "9999-12-31T23:59:59Z", "+275760-09-13T00:00:00Z"),
  ),
  [MARKER]: fc.constantFrom(undefined, MARKER),
});

/** A body, and whether it has the form of a callback. */
export interface CallbackBody {
  readonly body: Buffer;
  readonly valid: boolean;
}

export const anyCallback: fc.Arbitrary<CallbackBody> = fc.oneof(
  {
    weight: 6,
    arbitrary: shape.map((given) => {
      const text = JSON.stringify(given);
      return { body: Buffer.from(text), valid: isCallback(JSON.parse(text)) };
    }),
  },
  anyBody.map((body) => ({ body, valid: false })),
);

/** The form as it is documented. On the capability route, the body may omit the id. */
function isCallback(given: Record<string, unknown>): boolean {
  const { validation_id: id, project_id, pr_number, status, results } = given;
  const isText = (value: unknown): boolean =>
    typeof value === "string" && value.length > 0 && value.length <= 200;
  return (
    (id === undefined || id === null || isText(id)) &&
    isText(project_id) &&
    Number.isSafeInteger(pr_number) &&
    typeof status === "string" &&
    STATUSES.includes(status) &&
    (results === undefined || (typeof results === "object" && !Array.isArray(results)))
  );
}

/** Bodies that are not callbacks. */
export const NO_CALLBACKS = CORPUS.map(([name, body]) => [name, Buffer.from(body)] as const);
