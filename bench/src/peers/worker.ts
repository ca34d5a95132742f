/** What works off the queue: records a batch in one transaction, and sends it to Grainchain in one call. */
import { createServer } from "node:http";
import { Pool } from "undici";
import { serve } from "../ack/servers/serve.ts";
import { openQueue } from "./queues.ts";
import { type Fact, openRecords } from "./records.ts";

interface TriggerAnswer {
  readonly results: readonly { readonly client_request_id: string; readonly validation_id: string }[];
}

const records = openRecords(process.env.DATABASE_URL ?? "");
const grainchain = new Pool(process.env.GRAINCHAIN_API_URL ?? "");

async function trigger(facts: readonly Fact[]): Promise<TriggerAnswer> {
  const requests = facts.map((fact) => ({
    project_id: fact.repository,
    pr_number: fact.pr_number,
    pr_url: fact.pr_url,
    head_sha: fact.head_sha,
    base_sha: fact.base_sha,
    ref: fact.head_ref,
    clone_url: fact.clone_url,
    event: fact.event,
    client_request_id: fact.validation_id,
    webhook_url: "http://127.0.0.1:1",
  }));
  const answer = await grainchain.request({
    path: "/api/v1/validation/trigger-batch",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ requests }),
  });
  if (answer.statusCode !== 200) throw new Error(`Grainchain answered ${answer.statusCode}`);
  return (await answer.body.json()) as TriggerAnswer;
}

const queue = await openQueue(process.env);
await queue.work(async (facts) => {
  await records.record(facts);
  const { results } = await trigger(facts);
  await records.dispatched(
    results.map(({ client_request_id: id }) => id),
    results.map(({ validation_id: id }) => id),
  );
});
// Only says that it is ready.
serve(createServer());
