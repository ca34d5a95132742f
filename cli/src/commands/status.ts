/** `gateway status`: how the gateway does, or one repository. */
import type { Command } from "commander";
import { openSession, type Session } from "../api/session.ts";
import { EXIT } from "../exit.ts";
import { repository } from "../input/option.ts";
import { printJson, resultScreen, say } from "../output/terminal.ts";
import { overviewLines } from "../view/overview.ts";
import { projectLines } from "../view/project.ts";

const EXAMPLES = `
Examples:
  gateway status
  gateway status acme/widgets
  gateway status --url https://gateway.example.com --output json`;

/** Adds the command. */
export function addStatus(program: Command): void {
  program
    .command("status")
    .description("show how the gateway does, or one repository")
    .argument("[owner/repo]", "the repository", repository)
    .addHelpText("after", EXAMPLES)
    .action(async (name: string | undefined, _: object, command: Command) => {
      const session = await openSession(command);
      if (name === undefined) await showGateway(session);
      else await showProject(session, name);
    });
}

async function showGateway({ api, json }: Session): Promise<void> {
  const overview = await api.status();
  if (json) return printJson(overview);
  const screen = resultScreen();
  screen.print(overviewLines(overview, screen));
}

async function showProject({ api, json }: Session, name: string): Promise<void> {
  const status = await api.projectStatus(name);
  const screen = resultScreen();
  if (json) printJson(status);
  else if (status.last_event !== null) screen.print(projectLines(status, screen));
  if (status.last_event !== null) return;
  say(`no delivery of ${name} was ever recorded`);
  process.exitCode = EXIT.nothingMatched;
}
