/** Deliveries that GitHub would never send, and the expected answer to each. */
import fc from "fast-check";
import { buildPayload } from "../../../../cli/src/input/payload.ts";
import { SECRETS } from "../../support/gateway.ts";
import { type Attack, freshClient, hmac, MARKER } from "./attack.ts";
import { anyBody } from "./bodies.ts";

const SECRET = SECRETS.GITHUB_WEBHOOK_SECRET;

type Header = string | readonly string[] | undefined;
type Forgery = (body: Buffer) => Readonly<Record<string, Header>>;

const signature = (value: Header): Readonly<Record<string, Header>> => ({ "x-hub-signature-256": value });
const right = (body: Buffer): string => `sha256=${hmac(SECRET, body)}`;

/** Signatures that are not valid for a body. */
export const FORGERIES: readonly (readonly [name: string, forge: Forgery])[] = [
  ["no signature", () => ({})],
  ["an empty signature", () => signature("")],
  ["a SHA-1 signature alone", (body) => ({ "x-hub-signature": `sha1=${hmac(SECRET, body, "sha1")}` })],
  ["a SHA-1 signature in the other's place", (body) => signature(`sha1=${hmac(SECRET, body, "sha1")}`)],
  ["SHA-1 said to be SHA-256", (body) => signature(`sha256=${hmac(SECRET, body, "sha1")}`)],
  ["another secret's signature", (body) => signature(`sha256=${hmac("guess", body)}`)],
  ["an empty secret's signature", (body) => signature(`sha256=${hmac("", body)}`)],
  ["a valid signature of another body", (body) => signature(right(Buffer.concat([body, Buffer.from(" ")])))],
  ["upper-case hex", (body) => signature(right(body).toUpperCase().replace("SHA", "sha"))],
  ["an upper-case name", (body) => signature(right(body).replace("sha", "SHA"))],
  ["a digit less", (body) => signature(right(body).slice(0, -1))],
  ["a digit more", (body) => signature(`${right(body)}0`)],
  ["no hex", (body) => signature(right(body).replace(/.$/, "g"))],
  ["zeros", () => signature(`sha256=${"0".repeat(64)}`)],
  ["base64", (body) => signature(`sha256=${Buffer.from(hmac(SECRET, body), "hex").toString("base64")}`)],
  ["no name", (body) => signature(right(body).slice("sha256=".length))],
  ["two names", (body) => signature(`sha256=${right(body)}`)],
  ["spaces within", (body) => signature(right(body).replace("=", "= "))],
  ["two values in one", (body) => signature(`${right(body)},${right(body)}`)],
  ["two headers", (body) => signature([right(body), right(body)])],
  ["a wrong one before the right one", (body) => signature([`sha256=${"0".repeat(64)}`, right(body)])],
  ["the secret itself", () => signature(`sha256=${Buffer.from(SECRET).toString("hex").padEnd(64, "0")}`)],
];

const EVENTS: readonly Header[] = [
  ...["pull_request", "push", "check_run", "issue_comment", "installation", "ping", "star", "__proto__"],
  ...[undefined, "", "x".repeat(65), "pull request", "pull-request", "é", "push;x", "x".repeat(10_000)],
  ["push", "pull_request"],
];
const IDS: readonly Header[] = [
  ...[undefined, "", "no guid!", "x".repeat(101), "é", "a/../b", "'; DROP TABLE deliveries; --", "{}"],
  ["a", "b"],
];
const TYPES: readonly Header[] = [
  ...["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"],
  ...[
    "application/x-www-form-urlencoded",
    "text/plain",
    undefined,
    "",
    "application/jsonx",
    "multipart/form-data",
  ],
  ["application/json", "text/plain"],
];

/** A delivery, and whether it is signed correctly. */
export interface Delivery {
  readonly attack: Attack;
  readonly id: Header;
  readonly signed: boolean;
  readonly expected: readonly number[];
}

/** Would start a validation if its signature were valid. */
const REAL = Buffer.from(
  JSON.stringify(buildPayload("pull_request.opened", { repo: "acme/real", now: new Date(0) })),
);

/** @param newId returns unused ids */
export const anyDelivery = (newId: () => string): fc.Arbitrary<Delivery> =>
  fc
    .record({
      body: fc.oneof({ weight: 3, arbitrary: anyBody }, fc.constant(REAL)),
      forge: fc.option(fc.constantFrom(...FORGERIES), { freq: 1 }),
      event: fc.oneof({ weight: 2, arbitrary: fc.constant("pull_request") }, fc.constantFrom(...EVENTS)),
      id: fc.oneof({ weight: 2, arbitrary: fc.constant("fresh") }, fc.constantFrom(...IDS)),
      type: fc.oneof({ weight: 2, arbitrary: fc.constant("application/json") }, fc.constantFrom(...TYPES)),
      path: fc.constantFrom(
        "/webhook/github",
        "/webhook/github/",
        `/webhook/github?q=${MARKER}`,
        "/./webhook/github",
      ),
      encoding: fc.constantFrom(undefined, undefined, "gzip", MARKER),
    })
    .map(({ body, forge, event, id: given, type, path, encoding }) => {
      const id = given === "fresh" ? newId() : given;
      const forged = forge === null ? signature(right(body)) : forge[1](body);
      const headers = { ...forged, "x-github-event": event, "x-github-delivery": id, "content-type": type };
      const others = {
        "content-encoding": encoding,
        "cf-connecting-ip": freshClient(),
        "user-agent": MARKER,
      };
      // Only one spelling of the path is served.
      const arrives = path !== "/webhook/github/";
      const signed = forge === null && body.length > 0 && arrives;
      return {
        attack: { method: "POST", path, headers: onlyGiven({ ...headers, ...others }), body },
        id,
        signed,
        expected: arrives ? expectedStatuses(event, id, type, signed) : [404],
      };
    });

/** The checks in their documented order. */
function expectedStatuses(event: Header, id: Header, type: Header, signed: boolean): readonly number[] {
  if (typeof event !== "string" || !/^\w{1,64}$/.test(event)) return [400];
  if (typeof id !== "string" || !/^[\w.:-]{1,100}$/.test(id)) return [400];
  if (!/^application\/(?:json|x-www-form-urlencoded)(?:;|$)/i.test(String(type))) return [415];
  return signed ? [200, 202, 400] : [401];
}

const onlyGiven = (headers: Readonly<Record<string, Header>>): Attack["headers"] =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
