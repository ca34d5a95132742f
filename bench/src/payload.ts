/** What is sent: GitHub's own examples, correctly signed, the same bytes to every contender. */
import { createHmac } from "node:crypto";
import webhooks from "@octokit/webhooks-examples" with { type: "json" };

export const WEBHOOK_SECRET = "the benchmark's webhook secret";
export const WEBHOOK_PATH = "/webhook/github";

/** The size of the large push. */
const PUSH_BYTES = 1_000_000;

export const PAYLOAD_NAMES = ["ping", "pull_request", "push"] as const;
export type PayloadName = (typeof PAYLOAD_NAMES)[number];

export interface Payload {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;

/** The GUID is the same for every request: no contender looks for repetitions. */
const GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

export const buildPayload = (name: PayloadName): Payload => sign(name, examplePayload(name), GUID);

export function sign(event: string, payload: Json, guid: string): Payload {
  const body = Buffer.from(JSON.stringify(payload));
  return {
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/bench",
      "x-github-event": event,
      "x-github-delivery": guid,
      "x-github-hook-id": "292430182",
      "x-hub-signature-256": `sha256=${createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex")}`,
    },
  };
}

/** The largest example of an event; a push is made larger. */
export function examplePayload(name: PayloadName): Json {
  const examples = (webhooks.find((event) => event.name === name)?.examples ?? []) as readonly Json[];
  const [largest] = examples
    .filter(({ action }) => name !== "pull_request" || action === "opened")
    .toSorted((a, b) => JSON.stringify(b).length - JSON.stringify(a).length);
  if (largest === undefined) throw new Error(`@octokit/webhooks-examples has no ${name}`);
  return name === "push" ? withManyCommits(largest, PUSH_BYTES) : largest;
}

/** Repeats the push's head commit, each time with another id, up to a size. */
function withManyCommits(push: Json, bytes: number): Json {
  const commit = push.head_commit as Json;
  const commitBytes = JSON.stringify(commit).length + 1;
  const commits = Array.from({
    length: Math.ceil((bytes - JSON.stringify(push).length) / commitBytes),
  }).map((_, i) => ({ ...commit, id: i.toString(16).padStart(40, "0") }));
  return { ...push, commits };
}
