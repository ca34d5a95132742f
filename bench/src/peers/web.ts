/** What answers GitHub: verifies the body, parses it, queues what is needed of it, 202. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { EmitterWebhookEvent } from "@octokit/webhooks/types";
import { Hono } from "hono";
import { SECRET, serve } from "../ack/servers/serve.ts";
import { WEBHOOK_PATH } from "../payload.ts";
import { openQueue } from "./queues.ts";
import type { Fact } from "./records.ts";

type Payload = EmitterWebhookEvent<"pull_request.opened">["payload"];

const queue = await openQueue(process.env);
const app = new Hono();
app.post(WEBHOOK_PATH, async (context) => {
  const body = Buffer.from(await context.req.arrayBuffer());
  if (!isSigned(body, context.req.header("x-hub-signature-256")))
    return context.json({ success: false }, 401);
  const fact = factOf(
    context.req.header("x-github-delivery") ?? "",
    context.req.header("x-github-event") ?? "",
    JSON.parse(body.toString()) as Payload,
  );
  await queue.add(fact);
  return context.json({ success: true, delivery_id: fact.id, validation_id: fact.validation_id }, 202);
});

function isSigned(body: Buffer, signature = ""): boolean {
  const expected = Buffer.from(`sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`);
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function factOf(id: string, event: string, payload: Payload): Fact {
  const { action, pull_request: pull, repository, sender, installation } = payload;
  return {
    id,
    event,
    action,
    received_at: new Date().toISOString(),
    sender: sender.login,
    installation_id: installation?.id ?? null,
    repository_id: repository.id,
    repository: repository.full_name,
    clone_url: repository.clone_url,
    validation_id: `${repository.id}-pr-${pull.number}-${pull.head.sha}-1`,
    pr_number: pull.number,
    pr_url: pull.html_url,
    head_sha: pull.head.sha,
    head_ref: pull.head.ref,
    base_sha: pull.base.sha,
    updated_at: pull.updated_at,
  };
}

serve(createServer(getRequestListener(app.fetch)));
