/** Arbitrary payloads: valid in form and hostile in content, or no payload at all. */
import fc from "fast-check";
import { check, comment, mergeGroup, note, type Payload, pullRequest, push, repository } from "./payloads.ts";

/** Characters that grow on the way to JSON or to UTF-8. */
const NASTY = ['"', "\\", "é", "漢", "😀", "\ud83d", "\u2028", "a", "/", "%", "<", "'"];

const nasty = (maxLength: number) =>
  fc
    .oneof(
      fc.array(fc.constantFrom(...NASTY), { minLength: 1, maxLength }),
      fc
        .tuple(fc.constantFrom(...NASTY), fc.integer({ min: 1, max: maxLength }))
        .map(([char, length]) => [char.repeat(length)]),
    )
    .map((chars) => chars.join(""));

const control = fc.integer({ min: 1, max: 100 }).map((length) => "\u0001".repeat(length));
const url = nasty(580).map((path) => `https://github.com/${path}`);
const sha = fc.constantFrom("0".repeat(40), "f".repeat(40), "e".repeat(64), "E".repeat(40), "");
const number = fc.oneof(fc.nat(), fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 53, 1e300, -1, 0.5));
const time = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom("", "0", "+275760-09-13T00:00:00.000Z", "-000001-01-01T00:00:00Z", "2026-11-23T10:00:00"),
);

const hostileRepository = fc.record({
  id: number,
  full_name: fc.constantFrom("octo/widgets", `${"o".repeat(99)}/${"w".repeat(100)}`, "../..", "octo"),
  html_url: url,
  clone_url: url,
  pushed_at: fc.oneof(time, number, fc.constant(null)),
});

const envelope = fc.record({
  repository: fc.oneof(hostileRepository, fc.constant(repository())),
  sender: fc.oneof(nasty(100), control).map((login) => ({ login })),
  installation: fc.record({ id: number }),
});

const hostilePull = fc
  .record({
    action: fc.constantFrom("opened", "synchronize", "edited", "closed"),
    number,
    html_url: url,
    updated_at: time,
    ref: nasty(255),
    sha,
  })
  .map(({ action, ref, sha: head, ...pull }) =>
    pullRequest(action, { ...pull, head: { sha: head, ref } }, { changes: { base: {} } }),
  );

const hostilePush = fc.record({
  ref: nasty(255).map((name) => `refs/heads/${name}`),
  after: sha,
  compare: url,
});

type Delivery = readonly [event: string, payload: Payload];

const wellFormed: fc.Arbitrary<Delivery> = fc.oneof(
  hostilePull.map((payload): Delivery => ["pull_request", payload]),
  hostilePush.map((over): Delivery => ["push", push(over)]),
  nasty(255).map((ref): Delivery => ["merge_group", mergeGroup("checks_requested", { head_ref: ref })]),
  number.map((id): Delivery => ["check_run", check("check_run", "rerequested", { app: { id } })]),
  nasty(50).map((body): Delivery => ["issue_comment", comment(`/validate\n${body}`)]),
  fc.oneof(nasty(64), control).map((action): Delivery => ["installation", note(action)]),
);

/** An event and a payload that may well be recorded, its fields as long and as awkward as they get. */
export const hostileDelivery: fc.Arbitrary<Delivery> = fc
  .tuple(wellFormed, envelope)
  .map(([[event, payload], over]) => [event, { ...payload, ...over }]);

const EVENTS = ["pull_request", "merge_group", "push", "check_run", "check_suite", "issue_comment", "ping"];

/** Any event's name with any JSON. */
export const anyDelivery = fc.tuple(
  fc.oneof(fc.constantFrom(...EVENTS), fc.string(), fc.constant("__proto__")),
  fc.oneof(
    fc.jsonValue(),
    fc.tuple(fc.constantFrom("opened", "created", "rerequested"), fc.jsonValue()).map(([action, value]) => ({
      action,
      pull_request: value,
      issue: value,
      comment: value,
      check_run: value,
      repository: value,
    })),
  ),
);
