/** GitHub's example payloads with hostile changes. */
import webhooks from "@octokit/webhooks-examples";
import fc from "fast-check";
import { nastyValue } from "./bodies.ts";

type Json = Record<string, unknown>;

/** The fields that the gateway reads, which are the most interesting to change. */
const READ = lines(`
  action number before after ref deleted compare repository repository.id repository.full_name repository.html_url
  repository.clone_url repository.pushed_at sender sender.login installation installation.id pull_request
  pull_request.number pull_request.html_url pull_request.state pull_request.draft pull_request.updated_at
  pull_request.head pull_request.head.sha pull_request.head.ref pull_request.base pull_request.base.sha
  changes changes.base merge_group merge_group.head_sha merge_group.head_ref merge_group.base_sha
  check_run check_run.head_sha check_run.app check_run.app.id check_suite.head_sha check_suite.app.id
  issue.number issue.pull_request comment.id comment.body comment.author_association __proto__ constructor`);

/** Values that look valid. */
const PLAUSIBLE: readonly unknown[] = [
  ...[
    "0".repeat(40),
    "f".repeat(64),
    "refs/heads/main",
    "acme/widgets",
    "../..",
    "a/..",
    "acme/.git",
    "https://x/y",
  ],
  ...[
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "2026-02-30T25:61:61Z",
    1,
    2,
    0,
  ],
  ...[
    "opened",
    "closed",
    "synchronize",
    "reopened",
    "edited",
    "rerequested",
    "created",
    "open",
    "/validate",
    "OWNER",
  ],
  ...[
    `refs/heads/gh-readonly-queue/main/pr-${"9".repeat(15)}-x`,
    "\u0001".repeat(64),
    "漢".repeat(170),
    true,
    false,
  ],
];

const ROUTED = new Set(
  lines(`pull_request merge_group push check_run check_suite issue_comment repository ping installation
    installation_repositories`),
);

interface Example {
  readonly event: string;
  readonly payload: Json;
}

const examples: readonly Example[] = webhooks.flatMap(({ name, examples }) =>
  (examples as readonly Json[]).map((payload) => ({ event: name, payload })),
);

const anyExample = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...examples.filter(({ event }) => ROUTED.has(event))) },
  { weight: 1, arbitrary: fc.constantFrom(...examples) },
);

const change = fc.record({
  place: fc.constantFrom(...READ),
  value: fc.oneof(nastyValue, fc.constantFrom(...PLAUSIBLE), fc.constant(undefined)),
});

export interface SignedPayload {
  readonly event: string;
  readonly body: string;
}

/** A real payload with some of the fields that the gateway reads replaced or removed. */
export const anyPayload: fc.Arbitrary<SignedPayload> = fc
  .record({
    example: anyExample,
    event: fc.option(fc.constantFrom(...ROUTED, "installation_x"), { freq: 6 }),
    pull: fc.integer({ min: 1, max: 40 }),
    head: fc.integer({ min: 0, max: 3 }),
    changes: fc.array(change, { maxLength: 3 }),
  })
  .map(({ example, event, pull, head, changes }) => {
    const payload = structuredClone(example.payload);
    if (isObject(payload.pull_request)) {
      // Heads repeat, so that states affect each other.
      set(payload, "pull_request.number", pull);
      set(payload, "pull_request.head.sha", String(head).repeat(40));
      set(payload, "pull_request.state", "open");
    }
    for (const { place, value } of changes) set(payload, place, value);
    return { event: event ?? example.event, body: JSON.stringify(payload) };
  });

function set(payload: Json, place: string, value: unknown): void {
  const names = place.split(".");
  const last = names.pop() ?? place;
  let at: unknown = payload;
  for (const name of names) at = isObject(at) ? at[name] : undefined;
  // An own property, as JSON.parse creates it, even if its name is `__proto__`.
  if (isObject(at))
    Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

function lines(text: string): string[] {
  return text.trim().split(/\s+/);
}
