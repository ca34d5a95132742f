/** `@octokit/webhooks`' own Node middleware: verifies, parses, calls a handler that does nothing, 200. No queue. */
import { createServer } from "node:http";
import { createNodeMiddleware, Webhooks } from "@octokit/webhooks";
import { SECRET, serve } from "./serve.ts";

const webhooks = new Webhooks({ secret: SECRET });
webhooks.onAny(() => {});
serve(createServer(createNodeMiddleware(webhooks, { path: "/webhook/github" })));
