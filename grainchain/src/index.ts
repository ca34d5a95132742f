import { HELP, readCommand } from "./config.ts";
import { ListenError } from "./http/listen.ts";
import { createStdoutLog } from "./log.ts";
import { chooseIsolation, IsolationError, type IsolationName } from "./sandbox/isolation-choice.ts";
import { sweepLeftovers } from "./sandbox/leftovers.ts";
import { killLiveGroups } from "./sandbox/process-group.ts";
import { type GrainchainOptions, startGrainchain } from "./server.ts";

const SHUTDOWN_LIMIT_MS = 4800;
const NO_ISOLATION_MEANS =
  "steps run as this user and can read and change all that is yours; untrusted changes are refused";

const command = readCommand(process.argv.slice(2), process.env);
if (command.kind === "help") {
  process.stdout.write(HELP);
} else if (command.kind === "invalid") {
  fail(command.message, 2);
} else if (command.kind === "check") {
  await check(command.isolation);
} else {
  await serve(command.options);
}

async function check(name: IsolationName): Promise<void> {
  try {
    const { isolation, problem } = await chooseIsolation(name);
    const reason = problem === undefined ? "" : ` (bubblewrap does not work here: ${problem})`;
    process.stdout.write(`isolation: ${isolation.kind}${reason}\n`);
    if (isolation.kind === "none") process.stdout.write(`${NO_ISOLATION_MEANS}\n`);
  } catch (error) {
    if (!(error instanceof IsolationError)) throw error;
    fail(error.message, 1);
  }
}

async function serve(options: GrainchainOptions): Promise<void> {
  const log = createStdoutLog();
  process.on("exit", killLiveGroups);
  try {
    const grainchain = await startGrainchain({ ...options, log });
    let isStopping = false;
    // Stays installed: the default action of a second signal would leave the steps' processes behind.
    const stop = () => {
      if (!isStopping) void stopAndExit(grainchain.close);
      isStopping = true;
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    if (process.connected) process.once("disconnect", stop);
  } catch (error) {
    if (!(error instanceof ListenError || error instanceof IsolationError)) throw error;
    return fail(error.message, 1);
  }
  const swept = await sweepLeftovers();
  if (swept > 0) log("grainchain.swept", { directories: swept });
}

async function stopAndExit(close: () => Promise<void>): Promise<void> {
  // The next start sweeps up what hangs longer than this.
  setTimeout(() => process.exit(0), SHUTDOWN_LIMIT_MS).unref();
  await close();
  process.exit(0);
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`grainchain: ${message}\n`);
  process.exitCode = exitCode;
}
