// Runs a Node script and ends it when the parent process is gone, for scripts that do not do that themselves.
//
//   node tools/bootstrap/guard.mjs <script> [arguments]
import { spawn } from "node:child_process";
import { watchParent } from "./parent.mjs";

const GRACE_MS = 5_000;

const child = spawn(process.execPath, process.argv.slice(2), { stdio: "inherit" });

function end() {
  child.kill("SIGTERM");
  setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
watchParent(end);
child.on("exit", (code) => process.exit(code ?? 1));
