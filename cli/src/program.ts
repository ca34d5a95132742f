/** The `gateway` command, from its arguments to its exit code. */
import { Command, CommanderError, Option } from "commander";
import { startWrangler, type WranglerProgram } from "./cloudflare/wrangler.ts";
import { addActions } from "./commands/actions.ts";
import { addCompletion } from "./commands/completion/completion.ts";
import { addConnect } from "./commands/connect.ts";
import { addDeliveries } from "./commands/deliveries.ts";
import { addDlq } from "./commands/dlq/dlq.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addFlakes } from "./commands/flakes.ts";
import { addMcp } from "./commands/mcp.ts";
import { addNoise } from "./commands/noise.ts";
import { addPause } from "./commands/pause.ts";
import { addProvision } from "./commands/provision.ts";
import { addReplays } from "./commands/replays/replays.ts";
import { addAudit } from "./commands/searches/audit.ts";
import { addReconcile } from "./commands/searches/reconcile.ts";
import { addSend } from "./commands/send.ts";
import { addStatus } from "./commands/status.ts";
import { addTrace } from "./commands/trace.ts";
import { addValidations } from "./commands/validations/validations.ts";
import { EXIT, GatewayError } from "./exit.ts";
import { printMessage } from "./output/terminal.ts";

const DEFAULT_URL = "http://localhost:8787";

const HELP = `
Examples:
  gateway status
  gateway trace acme/widgets#12
  gateway dlq list --since 6h --output json
  gateway dlq replay --all --dry-run

The token comes from GATEWAY_TOKEN or from a prompt: the gateway's
OPERATOR_TOKEN, or its READER_TOKEN for reading only.
--output json prints one JSON document on standard output; a list is
{"items":[…],"next_cursor"}.
Exit codes: 0 done, 1 failed, 2 usage, 3 nothing matched.`;

/**
 * Runs one command line to its end.
 * @param args without the name of the program
 * @param wrangler what `provision` and `doctor` run
 * @returns the exit code
 */
export async function runProgram(
  args: readonly string[],
  wrangler: WranglerProgram = startWrangler,
): Promise<number> {
  try {
    await makeProgram(wrangler).parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (thrown) {
    // Commander has printed the message. Requested help is not an error.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(thrown instanceof GatewayError)) throw thrown;
    printMessage(`error: ${thrown.message}`);
    return thrown.exitCode;
  }
}

/** The program. Its commands run this Wrangler. */
export function makeProgram(wrangler: WranglerProgram): Command {
  const program = new Command("gateway")
    .description("Operate a webhook gateway.")
    .option("--url <url>", "the gateway (or GATEWAY_URL)", process.env.GATEWAY_URL || DEFAULT_URL)
    .addOption(
      new Option("--output <format>", "the format of results").choices(["table", "json"]).default("table"),
    )
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", HELP)
    .showHelpAfterError("(run with --help to see all options)")
    .exitOverride();
  for (const add of [
    addStatus,
    addTrace,
    addDeliveries,
    addValidations,
    addDlq,
    addReplays,
    addPause,
    addReconcile,
    addAudit,
    addFlakes,
    addActions,
    addMcp,
    addSend,
  ]) {
    add(program);
  }
  addProvision(program, wrangler);
  addDoctor(program, wrangler);
  addNoise(program, wrangler);
  addConnect(program, wrangler);
  addCompletion(program);
  return program;
}
