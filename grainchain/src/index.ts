import { HELP, readCommand } from "./config.ts";
import { ListenError } from "./http/listen.ts";
import { createStdoutLog } from "./log.ts";
import { checkService, type ProviderChoice } from "./provider/open-provider.ts";
import { ProviderError } from "./provider/sandbox-provider.ts";
import { chooseIsolation, IsolationError } from "./sandbox/isolation-choice.ts";
import { sweepLeftovers } from "./sandbox/leftovers.ts";
import { killLiveGroups } from "./sandbox/process-group.ts";
import { type Grainchain, type GrainchainOptions, startGrainchain } from "./server.ts";

const SHUTDOWN_LIMIT_MS = 4800;
const NO_ISOLATION_MEANS =
  "steps run as this user and can read and change all that is yours; untrusted changes are refused";

const command = readCommand(process.argv.slice(2), process.env);
if (command.kind === "help") {
  process.stdout.write(HELP);
} else if (command.kind === "invalid") {
  fail(command.message, 2);
} else if (command.kind === "check") {
  await check(command.provider);
} else {
  await serve(command.options);
}

async function check(choice: ProviderChoice): Promise<void> {
  try {
    if (choice.name !== "local") {
      await checkService(choice.name, choice.settings);
      process.stdout.write(`provider: ${choice.name} (it answers, and accepts the key)\n`);
      return;
    }
    const { isolation, problem } = await chooseIsolation(choice.isolation);
    const reason = problem === undefined ? "" : ` (bubblewrap does not work here: ${problem})`;
    process.stdout.write(`isolation: ${isolation.kind}${reason}\n`);
    if (isolation.kind === "none") process.stdout.write(`${NO_ISOLATION_MEANS}\n`);
    process.stdout.write("provider: local\n");
  } catch (error) {
    if (!isExpected(error)) throw error;
    fail(error.message, 1);
  }
}

async function serve(options: GrainchainOptions): Promise<void> {
  const log = createStdoutLog();
  process.on("exit", killLiveGroups);
  let grainchain: Grainchain;
  try {
    grainchain = await startGrainchain({ ...options, log });
    let isStopping = false;
    // Stays installed: the default action of a second signal would leave the steps' processes behind.
    const stop = () => {
      if (!isStopping) void stopAndExit(() => grainchain.close());
      isStopping = true;
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    if (process.connected) process.once("disconnect", stop);
  } catch (error) {
    if (!isExpected(error)) throw error;
    return fail(error.message, 1);
  }
  const [directories, sandboxes] = await Promise.all([sweepLeftovers(), grainchain.sweep()]);
  if (directories + sandboxes > 0) log("grainchain.swept", { directories, sandboxes });
}

function isExpected(error: unknown): error is Error {
  return error instanceof ListenError || error instanceof IsolationError || error instanceof ProviderError;
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
