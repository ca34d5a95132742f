/** Deliveries as GitHub lists them, and what the gateway makes of those that came. */
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { delivery, sha } from "./facts.ts";
import type { Repository } from "./github.ts";

export interface DeliveryOptions {
  readonly status_code?: number;
  readonly event?: string;
  readonly action?: string;
  /** Of the newest; the others are 10 s older each. */
  readonly ageSeconds?: number;
  readonly payload?: null;
  readonly throttled?: boolean;
}

const SPACING_MS = 10_000;

/** So many pull requests of a repository that were opened; none of them got through, unless it is said. */
function pullRequests(repository: Repository, total: number, options: DeliveryOptions = {}) {
  const { status_code = 502, event = "pull_request", action = "opened", ageSeconds = 300 } = options;
  const newestMs = Date.now() - ageSeconds * 1000;
  return Array.from({ length: total }, (_, index) => {
    const at = new Date(newestMs - index * SPACING_MS).toISOString();
    return {
      id: String(9_100_000_000_000_000n - BigInt(index)),
      guid: crypto.randomUUID(),
      delivered_at: at,
      status: status_code < 300 && status_code > 0 ? "OK" : "Invalid HTTP Response",
      status_code,
      event,
      action,
      repository_id: repository.id,
      throttled_at: options.throttled === true ? new Date(Date.parse(at) - 5000).toISOString() : null,
      payload: options.payload === null ? null : payloadOf(repository, index + 1, action, at),
    };
  });
}

function payloadOf(repository: Repository, number: number, action: string, at: string) {
  const payload = {
    id: repository.id,
    full_name: repository.full_name,
    clone_url: `https://github.com/${repository.full_name}.git`,
  };
  return {
    action,
    repository: payload,
    sender: { login: "mona" },
    pull_request: {
      number,
      html_url: `https://github.com/${repository.full_name}/pull/${number}`,
      state: "open",
      draft: false,
      updated_at: at,
      head: { sha: sha(`head ${number}`), ref: "topic", repo: payload },
      base: { sha: sha("base") },
    },
  };
}

/** The fact of a delivery that came. */
function factOf(one: ReturnType<typeof pullRequests>[number], repository: Repository): DeliveryFact {
  const pull = one.payload?.pull_request;
  if (pull === undefined) throw new Error("a delivery without payload cannot have come");
  const change = {
    type: "pull_request" as const,
    action: "opened" as const,
    number: pull.number,
    url: pull.html_url,
    head_sha: pull.head.sha,
    head_ref: pull.head.ref,
    base_sha: pull.base.sha,
    before: null,
    draft: false,
    open: true,
    updated_at: pull.updated_at,
  };
  return {
    ...delivery(repository, "pull_request", "opened", change),
    id: one.guid,
    received_at: one.delivered_at,
  };
}

export const examples = { pullRequests, factOf };
