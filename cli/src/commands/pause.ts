/** `gateway pause` and `gateway resume`: hold dispatch, while recording and reporting go on. */
import { MAX_PAUSE_SECONDS } from "@webhook-gateway/shared/api/pause.ts";
import { type Command, InvalidArgumentError } from "commander";
import { openSession } from "../api/session.ts";
import { repository, textUpTo } from "../input/option.ts";
import { parseSpanMs } from "../input/time.ts";
import { printJson, printMessage } from "../output/terminal.ts";
import { pauseText } from "../view/pause.ts";

const PAUSE_EXAMPLES = `
Examples:
  gateway pause
  gateway pause --for 2h --reason "Grainchain is being upgraded"
  gateway pause acme/widgets --reason "its tests loop"

Webhooks are recorded and results are reported as before; nothing new is sent
to Grainchain, and what runs there continues. A pause that is in force gets the
new time and reason. gateway status shows all pauses.`;

const RESUME_EXAMPLES = `
Examples:
  gateway resume
  gateway resume acme/widgets

Without a repository it ends the pause of all; repositories that are paused by
name stay so. Exit code 3: it was not paused.`;

const MAX_REASON = 500;

interface PauseOptions {
  readonly for?: number;
  readonly reason?: string;
}

export function addPause(program: Command): void {
  program
    .command("pause")
    .description("hold dispatch of a repository, or of all")
    .argument("[owner/repo]", "the repository (default: all)", repository)
    .option("--for <span>", "end by itself after a time span such as 30m, 2h or 1d", spanSeconds)
    .option("--reason <text>", "why, for the record", textUpTo(MAX_REASON))
    .addHelpText("after", PAUSE_EXAMPLES)
    .action(async (name: string | undefined, options: PauseOptions, command: Command) => {
      const { api, json } = await openSession(command);
      const paused = await api.pause({
        ...(name && { repository: name }),
        ...(options.for && { for_seconds: options.for }),
        ...(options.reason && { reason: options.reason }),
      });
      if (json) printJson(paused);
      else printMessage(`dispatch is paused: ${pauseText(paused, new Date())}`);
    });
  program
    .command("resume")
    .description("end a pause of dispatch")
    .argument("[owner/repo]", "the repository (default: the pause of all)", repository)
    .addHelpText("after", RESUME_EXAMPLES)
    .action(async (name: string | undefined, _: object, command: Command) => {
      const { api, json } = await openSession(command);
      const resumed = await api.resume(name === undefined ? {} : { repository: name });
      if (json) printJson(resumed);
      else printMessage(resumed.message);
    });
}

function spanSeconds(value: string): number {
  const seconds = Math.ceil((parseSpanMs(value) ?? 0) / 1000);
  if (seconds >= 1 && seconds <= MAX_PAUSE_SECONDS) return seconds;
  throw new InvalidArgumentError("It must be a time span such as 30m, 2h or 1d, at most a year.");
}
