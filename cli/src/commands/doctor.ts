/** `gateway doctor`: checks everything that an environment needs, and says how to fix what is wrong. */
import type { Command } from "commander";
import { givenGatewayUrl } from "../api/gateway-url.ts";
import { isJson } from "../api/session.ts";
import type { WranglerProgram } from "../cloudflare/wrangler.ts";
import { EXIT } from "../exit.ts";
import { addEnvironmentOption } from "../input/option.ts";
import { printMessage, printResult } from "../output/terminal.ts";
import type { EnvironmentName } from "../project/project.ts";
import { countFindings, findingLines, summaryText } from "../view/finding.ts";

const EXAMPLES = `
Examples:
  gateway doctor --env development
  gateway doctor --env production
  gateway doctor --env staging --url https://gateway.example.com --output json

Checks the configuration, secrets, versions and clocks, the gateway, D1, the
queues, Grainchain, and GitHub: credentials, and the hooks that RECONCILE_HOOKS
names. A check that cannot be made is a warning that says why. The exit code is
1 if any check fails. Credentials come from the environment or .env, and for
development also from .dev.vars, under the names that the Workers use.`;

export function addDoctor(program: Command, wrangler: WranglerProgram): void {
  addEnvironmentOption(program.command("doctor"))
    .description("check everything that an environment needs")
    .addHelpText("after", EXAMPLES)
    .action(async ({ env }: { env: EnvironmentName }, command: Command) => {
      const json = isJson(command);
      const url = givenGatewayUrl(command);
      // The checks are half of this program: the other commands start without them.
      const { examine } = await import("../doctor/examine.ts");
      const findings = await examine(env, url, process.env, wrangler);
      const counts = countFindings(findings);
      // In the document a fix keeps the name that scripts know.
      const items = findings.map(({ fix, ...finding }) => ({ ...finding, mend: fix }));
      const document = { environment: env, items, ...counts };
      printResult(json, document, (_, screen) => findingLines(findings, screen));
      if (!json) printMessage(summaryText(findings));
      if (counts.fail > 0) process.exitCode = EXIT.failed;
    });
}
