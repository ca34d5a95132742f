/** The `gateway` command, from a command line to how it ends. */
import { Command, CommanderError, Option } from "commander";
import { startWrangler, type WranglerProgram } from "./cloudflare/wrangler.ts";
import { addDeliveries } from "./commands/deliveries.ts";
import { addDlq } from "./commands/dlq.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addProvision } from "./commands/provision.ts";
import { addReconcile } from "./commands/reconcile.ts";
import { addReplays } from "./commands/replays.ts";
import { addSend } from "./commands/send.ts";
import { addStatus } from "./commands/status.ts";
import { addTrace } from "./commands/trace.ts";
import { addValidations } from "./commands/validations.ts";
import { EXIT, GatewayError } from "./exit.ts";
import { say } from "./output/terminal.ts";

const DEFAULT_URL = "http://localhost:8787";

const HELP = `
Examples:
  gateway status
  gateway trace acme/widgets#12
  gateway dlq list --since 6h --output json
  gateway dlq replay --all --dry-run

The token comes from GATEWAY_TOKEN, else it is asked for: the gateway's
OPERATOR_TOKEN, or its READER_TOKEN to look only.
With --output json there is one JSON document on standard output; a list is
{"items":[…],"next_cursor"}.
Exit codes: 0 done, 1 failed, 2 usage, 3 nothing matched.`;

/**
 * Runs one command line to its end.
 * @param args without the program's own name
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
    // Commander has said what it is; help that was asked for is no error.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(thrown instanceof GatewayError)) throw thrown;
    say(`error: ${thrown.message}`);
    return thrown.exitCode;
  }
}

/** The program, whose commands run this Wrangler. */
export function makeProgram(wrangler: WranglerProgram): Command {
  const program = new Command("gateway")
    .description("Operates a webhook gateway.")
    .option("--url <url>", "the gateway (or GATEWAY_URL)", process.env.GATEWAY_URL || DEFAULT_URL)
    .addOption(
      new Option("--output <format>", "how results are printed").choices(["table", "json"]).default("table"),
    )
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", HELP)
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride();
  for (const add of [
    addStatus,
    addTrace,
    addDeliveries,
    addValidations,
    addDlq,
    addReplays,
    addReconcile,
    addSend,
  ]) {
    add(program);
  }
  addProvision(program, wrangler);
  addDoctor(program, wrangler);
  return program;
}
