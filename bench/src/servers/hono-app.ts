/** A gateway as a TypeScript team would write it on Node: Hono, @octokit/webhooks' verify, a durable queue, 202. */
import { createAdaptorServer } from "@hono/node-server";
import { Webhooks } from "@octokit/webhooks";
import { Hono } from "hono";
import { type DeliveryJob, deliveryJob } from "./delivery-job.ts";
import { SECRET, serve } from "./serve.ts";

/** Serves an app that answers once `enqueue` has the job. */
export function serveHono(enqueue: (job: DeliveryJob) => Promise<unknown>): void {
  const webhooks = new Webhooks({ secret: SECRET });
  const app = new Hono();
  app.post("/webhook/github", async (context) => {
    const body = await context.req.text();
    if (!(await webhooks.verify(body, context.req.header("x-hub-signature-256") ?? ""))) {
      return context.json({ error: "invalid signature" }, 401);
    }
    const id = context.req.header("x-github-delivery") ?? "";
    await enqueue(deliveryJob(id, context.req.header("x-github-event") ?? "", body));
    return context.json({ success: true, delivery_id: id }, 202);
  });
  serve(createAdaptorServer({ fetch: app.fetch }) as import("node:http").Server);
}
