/** One request for a validation, as Grainchain's API has it. */
import * as v from "valibot";

const sha = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/));
const url = v.pipe(v.string(), v.url());

/** Nothing may be missing, and nothing that the contract does not name may be in it. */
const triggerRequest = v.pipe(
  v.strictObject({
    project_id: v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/)),
    pr_number: v.pipe(v.number(), v.integer(), v.minValue(0)),
    pr_url: url,
    head_sha: sha,
    base_sha: sha,
    webhook_url: v.pipe(v.string(), v.regex(/^http:\/\/[^/]+\/callbacks\/[\w.~-]+\/[\w-]{22,}$/)),
    client_request_id: v.pipe(v.string(), v.regex(/^[\w.~-]{1,100}$/)),
    timeout_ms: v.pipe(v.number(), v.integer(), v.minValue(1)),
    max_memory: v.pipe(v.string(), v.regex(/^\d+[KMGT]?i?B?$/)),
    event: v.picklist(["pull_request", "merge_group", "push"]),
    ref: v.pipe(v.string(), v.minLength(1)),
    clone_url: url,
    fork: v.boolean(),
    head_repository: v.nullable(v.string()),
    author: v.nullable(v.string()),
    author_association: v.nullable(v.string()),
    trusted: v.boolean(),
  }),
  v.check(
    (request) => request.webhook_url.includes(`/callbacks/${request.client_request_id}/`),
    "the callback is another validation's",
  ),
);

export type TriggerRequest = Readonly<v.InferOutput<typeof triggerRequest>>;

/** @returns the request, or what is wrong with it */
export function readTriggerRequest(body: unknown): TriggerRequest | readonly string[] {
  const parsed = v.safeParse(triggerRequest, body);
  if (parsed.success) return parsed.output;
  return parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "request"}: ${issue.message}`);
}

const batch = v.strictObject({ requests: v.array(v.unknown()) });

/** The limit of one batch (Grainchain's API). */
const MAX_BATCH = 100;

/** @returns the requests of a batch that can be read, and what is wrong with it */
export function readBatch(body: unknown): { requests: TriggerRequest[]; problems: string[] } {
  const parsed = v.safeParse(batch, body);
  if (!parsed.success) return { requests: [], problems: ["the batch is not {requests: […]}"] };
  const read = parsed.output.requests.map(readTriggerRequest);
  const requests = read.flatMap((one) => ("client_request_id" in one ? [one] : []));
  const problems = read.flatMap((one) => ("client_request_id" in one ? [] : one));
  const { length } = read;
  if (length === 0 || length > MAX_BATCH) problems.push(`a batch of ${length}`);
  const distinct = new Set(requests.map((request) => request.client_request_id));
  if (distinct.size !== requests.length) problems.push("the same validation twice in one batch");
  return { requests, problems };
}
