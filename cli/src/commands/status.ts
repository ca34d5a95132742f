/** `gateway status`: the status of the gateway, or of one repository. */
import type { Command } from "commander";
import { openSession, type Session } from "../api/session.ts";
import { EXIT } from "../exit.ts";
import { repository } from "../input/option.ts";
import { printMessage, printResult } from "../output/terminal.ts";
import { overviewLines } from "../view/overview.ts";
import { projectLines } from "../view/project.ts";

const EXAMPLES = `
Examples:
  gateway status
  gateway status acme/widgets
  gateway status --url https://gateway.example.com --output json`;

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("show the status of the gateway, or of one repository")
    .argument("[owner/repo]", "the repository", repository)
    .addHelpText("after", EXAMPLES)
    .action(async (name: string | undefined, _: object, command: Command) => {
      const session = await openSession(command);
      if (name === undefined) await showGateway(session);
      else await showProject(session, name);
    });
}

async function showGateway({ api, json }: Session): Promise<void> {
  printResult(json, await api.status(), overviewLines);
}

async function showProject({ api, json }: Session, name: string): Promise<void> {
  const status = await api.projectStatus(name);
  if (json || status.last_event !== null) printResult(json, status, projectLines);
  if (status.last_event !== null) return;
  printMessage(`no deliveries are recorded for ${name}`);
  process.exitCode = EXIT.nothingMatched;
}
