/** The `gateway` command. */
import { Command, CommanderError } from "commander";
import { sendCommand } from "./commands/send.ts";
import { EXIT, GatewayError } from "./exit.ts";

const program = new Command("gateway")
  .description("Operates a webhook gateway.")
  .option("--url <url>", "the gateway (or GATEWAY_URL)", process.env.GATEWAY_URL ?? "http://localhost:8787")
  .option("--output <format>", "table or json", "table")
  .showHelpAfterError("(--help shows what there is)")
  .exitOverride();
for (const command of [sendCommand()]) program.addCommand(command.copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    // Commander has said what it is; help that was asked for is no error.
    process.exitCode = thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else if (thrown instanceof GatewayError) {
    console.error(`error: ${thrown.message}`);
    process.exitCode = thrown.exitCode;
  } else {
    throw thrown;
  }
}
