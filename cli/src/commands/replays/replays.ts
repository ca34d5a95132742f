/** `gateway replays`: replays and discards of dead letters, re-runs and cancels of many validations, and their progress. */
import type { Command } from "commander";
import { openSession } from "../../api/session.ts";
import { catchInterrupts } from "../../input/interrupt.ts";
import { addPageOptions, text } from "../../input/option.ts";
import { printMessage } from "../../output/terminal.ts";
import { replayColumns } from "../../view/replay.ts";
import { listAction } from "../list.ts";
import { followReplay, printReplay } from "./replay-follow.ts";

const LIST_EXAMPLES = `
Examples:
  gateway replays list
  gateway replays list --limit 5 --output json`;

const SHOW_EXAMPLES = `
Examples:
  gateway replays show <id>
  gateway replays show <id> --follow

With --follow the command ends with the replay. The exit code is 1 if dead
letters failed or the replay was cancelled.`;

const CANCEL_EXAMPLES = `
Example:
  gateway replays cancel <id>

Dead letters that it has not reached are open again; validations stay as they
are. A replay that has ended does not change.`;

export function addReplays(program: Command): void {
  const replays = program
    .command("replays")
    .description("show and cancel replays and bulk commands")
    .addHelpText("after", LIST_EXAMPLES);
  addPageOptions(replays.command("list").description("list them, newest first"))
    .addHelpText("after", LIST_EXAMPLES)
    .action(listAction((api, query) => api.replays(query), replayColumns, "nothing has been replayed yet"));
  replays
    .command("show")
    .description("show one and its progress")
    .argument("<id>", "the replay's id", text)
    .option("--follow", "wait until it ends")
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (id: string, { follow }: { follow?: boolean }, command: Command) => {
      const session = await openSession(command);
      const replay = await session.api.replay(id);
      if (follow === true) await followReplay(session, replay, catchInterrupts());
      else printReplay(session, replay);
    });
  replays
    .command("cancel")
    .description("cancel one that is running")
    .argument("<id>", "the replay's id", text)
    .addHelpText("after", CANCEL_EXAMPLES)
    .action(async (id: string, _: object, command: Command) => {
      const session = await openSession(command);
      const replay = await session.api.cancelReplay(id);
      printReplay(session, replay);
      if (replay.status === "done") printMessage("it had already ended");
    });
}
