/** Hono on Node with BullMQ on Redis, which syncs its log to disk before it answers (`appendfsync always`). */
import { Queue } from "bullmq";
import { serveHono } from "./hono-app.ts";
import { leaveOut } from "./serve.ts";
import { freePort, makeFolder, runs, startService } from "./service.ts";

const REDIS = "redis-server";

if (!runs(REDIS)) leaveOut("Redis is not installed (Debian: apt-get install redis-server)");
const folder = makeFolder("redis");
const port = await freePort();
const settings = {
  port: `${port}`,
  bind: "127.0.0.1",
  dir: folder,
  appendonly: "yes",
  appendfsync: "always",
  // Snapshots would only disturb: the log is what lasts.
  save: "",
};
const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
startService(REDIS, args, folder);

const queue = new Queue("deliveries", { connection: { host: "127.0.0.1", port } });
queue.on("error", () => {});
const givingUp = setTimeout(() => leaveOut("Redis did not start within 10 s"), 10_000);
await queue.waitUntilReady();
clearTimeout(givingUp);
serveHono((job) => queue.add("delivery", job));
