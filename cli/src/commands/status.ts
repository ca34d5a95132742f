/** `gateway status`: the status of the gateway, or of one repository. */
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { ApiError } from "../api/refusal.ts";
import { openSession, type Session } from "../api/session.ts";
import { EXIT } from "../exit.ts";
import { catchInterrupts, type Interrupts } from "../input/interrupt.ts";
import { repository } from "../input/option.ts";
import { printMessage, printResult } from "../output/terminal.ts";
import { overviewLines } from "../view/overview.ts";
import { projectLines } from "../view/project.ts";

const EXAMPLES = `
Examples:
  gateway status
  gateway status --watch
  gateway status acme/widgets
  gateway status --url https://gateway.example.com --output json`;

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("show the status of the gateway, or of one repository")
    .argument("[owner/repo]", "the repository", repository)
    .option("--watch", "show it again every 2 s, until Ctrl-C")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string | undefined, { watch }: { readonly watch?: boolean }, command: Command) => {
      const session = await openSession(command);
      const show = () => (name === undefined ? showGateway(session) : showProject(session, name));
      if (watch === true) await watchStatus(show, catchInterrupts());
      else await show();
    });
}

const WATCH_MS = 2000;

/** Shows something again and again. What fails for a moment is printed, and tried again. */
async function watchStatus(show: () => Promise<void>, { signal, release }: Interrupts): Promise<void> {
  while (!signal.aborted) {
    if (process.stdout.isTTY) process.stdout.write(CLEAR);
    try {
      await show();
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || !thrown.isTransient) throw thrown;
      printMessage(`error: ${thrown.message}`);
    }
    await delay(WATCH_MS, undefined, { signal }).catch(() => undefined);
  }
  release();
}

/** Clears a terminal, and goes to its first line. */
const CLEAR = "\u001b[2J\u001b[3J\u001b[H";

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
