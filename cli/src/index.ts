/** The `gateway` command. */
import { Command, CommanderError, Option } from "commander";
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
import { say } from "./terminal.ts";

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
  addProvision,
  addDoctor,
]) {
  add(program);
}

// Whoever reads the results may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    // Commander has said what it is; help that was asked for is no error.
    process.exitCode = thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else if (thrown instanceof GatewayError) {
    say(`error: ${thrown.message}`);
    process.exitCode = thrown.exitCode;
  } else {
    throw thrown;
  }
}
