/** A Worker's configuration for `workerd serve`, in Cap'n Proto's text form (workerd.capnp, workerd 1.20261117). */

import { WEBHOOK_SECRET } from "./payload.ts";
import type { BundledModule } from "./worker-bundle.ts";

/** As in both TOML files. */
const COMPATIBILITY_DATE = "2026-11-01";

/** The producer's variables, as production has them. */
const TEXTS = {
  ENVIRONMENT: "production",
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

/**
 * Bindings that are not workerd's own: each a function of an internal module. The rate limiter allows all and the
 * dataset drops all, as Miniflare's does; neither the database nor the limiter is called for a signed delivery.
 */
const STUBS = {
  "bench:rate-limit": "export default () => ({ limit: async () => ({ success: true }) });",
  "bench:dataset": "export default () => ({ writeDataPoint() {} });",
};

const BINDINGS = [
  ...Object.entries(TEXTS).map(([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`),
  `(name = "EVENTS", queue = (name = "sink"))`,
  `(name = "FAILED_SIGNATURES", wrapped = (moduleName = "bench:rate-limit"))`,
  `(name = "METRICS", wrapped = (moduleName = "bench:dataset"))`,
  `(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api",
      innerBindings = [(name = "fetcher", service = (name = "sink"))]))`,
];

/**
 * Writes the configuration: one Worker on a free port of the loopback interface, and the service that takes its messages.
 * Every Worker gets the same bindings, so that none starts lighter than another.
 */
export function workerdConfig(modules: readonly BundledModule[], sink: string): string {
  const listed = modules.map(
    ({ name, kind, content }) => `(name = ${quote(name)}, ${kind} = ${quote(content)})`,
  );
  const stubs = Object.entries(STUBS).map(
    ([name, code]) => `(name = ${quote(name)}, internal = true, esModule = ${quote(code)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${listed.join(", ")}],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      bindings = [${BINDINGS.join(", ")}])),
    (name = "sink", worker = (
      modules = [(name = "sink.mjs", esModule = ${quote(sink)})],
      compatibilityDate = "${COMPATIBILITY_DATE}")),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  extensions = [(modules = [${stubs.join(", ")}])],
);
`;
}

/** A text in Cap'n Proto's form. What is not printable ASCII goes as bytes of UTF-8. */
function quote(text: string): string {
  const escaped = [...Buffer.from(text, "utf8")].map((byte: number) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    if (byte === 0x0a) return "\\n";
    return byte >= 0x20 && byte < 0x7f
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${escaped.join("")}"`;
}
