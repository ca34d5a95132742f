/** What is sent: GitHub's own examples, correctly signed, the same bytes to every contender. */
import { createHmac } from "node:crypto";
import webhooks from "@octokit/webhooks-examples" with { type: "json" };

/** The secret of every contender. */
export const WEBHOOK_SECRET = "the benchmark's webhook secret";

/** Where a delivery is sent, by every contender's own choice of route. */
export const WEBHOOK_PATH = "/webhook/github";

/** The size of the large push, in bytes. */
const PUSH_BYTES = 1_000_000;

export const PAYLOAD_NAMES = ["ping", "pull_request", "push"] as const;
export type PayloadName = (typeof PAYLOAD_NAMES)[number];

export interface Payload {
  readonly name: PayloadName;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;

/** Builds one payload and its headers. The GUID is the same for every request: no contender looks for repetitions. */
export function buildPayload(name: PayloadName): Payload {
  const body = Buffer.from(JSON.stringify(payloadOf(name)));
  return {
    name,
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/bench",
      "x-github-event": name,
      "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      "x-github-hook-id": "292430182",
      "x-hub-signature-256": `sha256=${createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex")}`,
    },
  };
}

function payloadOf(name: PayloadName): Json {
  switch (name) {
    case "ping":
      return largest(examples("ping"));
    case "pull_request":
      return largest(examples("pull_request").filter(({ action }) => action === "opened"));
    case "push":
      return withManyCommits(largest(examples("push")), PUSH_BYTES);
  }
}

const examples = (event: string): readonly Json[] =>
  (webhooks.find(({ name }) => name === event)?.examples ?? []) as readonly Json[];

function largest(among: readonly Json[]): Json {
  const sizes = among.map((example) => ({ example, bytes: JSON.stringify(example).length }));
  const [first] = sizes.toSorted((a, b) => b.bytes - a.bytes);
  if (first === undefined) throw new Error("@octokit/webhooks-examples has no such example");
  return first.example;
}

/** Repeats the push's head commit, each time under another id, up to a size. */
function withManyCommits(push: Json, bytes: number): Json {
  const commit = push.head_commit as Json;
  const commitBytes = JSON.stringify(commit).length + 1;
  const count = Math.ceil((bytes - JSON.stringify(push).length) / commitBytes);
  const commits = Array.from({ length: count }, (_, i) => ({
    ...commit,
    id: i.toString(16).padStart(40, "0"),
  }));
  return { ...push, commits };
}
