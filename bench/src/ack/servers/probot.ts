/** Probot: verifies, parses, calls a handler that does nothing, 200. No queue. Its log is at `warn`, in its favor. */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";
import { SECRET, serve } from "./serve.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const probot = createProbot({
  overrides: {
    appId: 1,
    privateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    secret: SECRET,
    logLevel: "warn",
  },
});
const middleware = await createNodeMiddleware((app) => app.onAny(() => {}), {
  probot,
  webhooksPath: "/webhook/github",
});
serve(createServer((request, response) => void middleware(request, response)));
