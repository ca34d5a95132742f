/** `gateway doctor`: looks at everything that an environment needs, and says how to mend what is wrong. */
import { type Command, Option } from "commander";
import { givenGatewayUrl } from "../api/gateway-url.ts";
import type { WranglerProgram } from "../cloudflare/wrangler.ts";
import { countFindings, findingLines, summaryText } from "../doctor/report.ts";
import { EXIT } from "../exit.ts";
import { printJson, resultScreen, say } from "../output/terminal.ts";
import { ENVIRONMENTS, type EnvironmentName } from "../project/project.ts";

const EXAMPLES = `
Examples:
  gateway doctor --env development
  gateway doctor --env production
  gateway doctor --env staging --url https://gateway.example.com --output json

Looks at the configuration, the secrets, versions and clocks, the gateway, D1,
the queues, Grainchain, and at GitHub's side: credentials, and the hooks that
RECONCILE_HOOKS names. A check that cannot be made says why, as a warning. Exit
code 1 if any fails. Credentials come from the environment or .env, for
development from .dev.vars too, by the names that the Workers know them by.`;

/** Adds the command. */
export function addDoctor(program: Command, wrangler: WranglerProgram): void {
  program
    .command("doctor")
    .description("check everything that an environment needs")
    .addOption(new Option("--env <name>", "the environment").choices(ENVIRONMENTS).makeOptionMandatory())
    .addHelpText("after", EXAMPLES)
    .action(async ({ env }: { env: EnvironmentName }, command: Command) => {
      const { output } = command.optsWithGlobals<{ output: string }>();
      const url = givenGatewayUrl(command);
      // What it looks with is half of this program: the other commands start without it.
      const { examine } = await import("../doctor/examine.ts");
      const findings = await examine(env, url, process.env, wrangler);
      const counts = countFindings(findings);
      if (output === "json") printJson({ environment: env, items: findings, ...counts });
      else {
        const screen = resultScreen();
        screen.print(findingLines(findings, screen));
        say(summaryText(findings));
      }
      if (counts.fail > 0) process.exitCode = EXIT.failed;
    });
}
