/** Runs a Worker on plain `workerd serve`: neither Wrangler's proxy nor Miniflare's queue is in the way. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { WEBHOOK_SECRET } from "../payload.ts";
import type { BundledModule } from "../worker-bundle.ts";
import { CONTROL_FD, type Running, startServer } from "./server.ts";

/** The very binary that Wrangler runs. */
const binary = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"))("workerd")
  .default as string;

/** The producer's variables. Its secrets here are too weak for production. */
const TEXTS = {
  ENVIRONMENT: "development",
  WEBHOOK_DEBUG_MODE: "false",
  PROJECT_STATUS_PUBLIC: "false",
  VALIDATE_PUSH_BRANCHES: "",
  REPOSITORY_ALLOW: "",
  REPOSITORY_DENY: "",
  GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
  GRAINCHAIN_CALLBACK_SECRET: "the benchmark's callback secret",
  OPERATOR_TOKEN: "the benchmark's operator token",
  READER_TOKEN: "the benchmark's reader token",
};
const TEXT_BINDINGS = Object.entries(TEXTS).map(
  ([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)}),`,
);

/**
 * In Cap'n Proto's text form (workerd.capnp): one Worker on a free port of the loopback interface, and the one that takes
 * its messages. Every Worker gets the same bindings, so that none starts lighter than another. Those that are not
 * workerd's own are stubs: the rate limiter allows everything and the dataset drops everything, as Miniflare's do. Neither
 * the database nor the limiter is called for a signed delivery.
 */
const configOf = (
  modules: readonly BundledModule[],
  v8Flags: readonly string[],
): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ${JSON.stringify(v8Flags)},
  services = [
    (name = "main", worker = (
      modules = [${modules.map(({ name, kind }) => `(name = "${name}", ${kind} = embed "${name}")`).join(", ")}],
      compatibilityDate = "2026-11-01",
      bindings = [
        ${TEXT_BINDINGS.join("\n        ")}
        (name = "EVENTS", queue = (name = "sink")),
        (name = "FAILED_SIGNATURES", wrapped = (moduleName = "bench:rate-limit")),
        (name = "METRICS", wrapped = (moduleName = "bench:dataset")),
        (name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api",
          innerBindings = [(name = "fetcher", service = (name = "sink"))]))])),
    (name = "sink", worker = (
      modules = [(name = "sink.mjs", esModule = embed "sink.mjs")],
      compatibilityDate = "2026-11-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  extensions = [(modules = [
    (name = "bench:rate-limit", internal = true,
      esModule = "export default () => ({ limit: async () => ({ success: true }) });"),
    (name = "bench:dataset", internal = true, esModule = "export default () => ({ writeDataPoint() {} });")])]);
`;

/**
 * @param sink the Worker behind the queue binding
 * @param under a command that runs workerd. V8 then has one thread: another one may not have compiled anything in time
 */
export async function startWorkerd(
  modules: readonly BundledModule[],
  sink: BundledModule,
  under: readonly string[] = [],
): Promise<Running> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "bench-workerd-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for (const { name, content } of [...modules, sink]) await writeFile(path.join(folder, name), content);
    const config = path.join(folder, "config.capnp");
    await writeFile(config, configOf(modules, under.length === 0 ? [] : ["--single-threaded"]));
    const [command = binary, ...args] = [...under, binary, "serve", config, `--control-fd=${CONTROL_FD}`];
    const running = await startServer(command, args);
    return { ...running, stop: () => running.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
