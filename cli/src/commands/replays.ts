/** `gateway replays`: the replays and discards of dead letters, and how far they are. */
import type { Command } from "commander";
import { openSession } from "../api/session.ts";
import { catchInterrupts } from "../input/interrupt.ts";
import { addPageOptions, listQuery, type PageOptions, text } from "../input/option.ts";
import { printPage } from "../output/page.ts";
import { say } from "../output/terminal.ts";
import { replayColumns } from "../view/replay.ts";
import { followReplay, printReplay } from "./replay-follow.ts";

const LIST_EXAMPLES = `
Examples:
  gateway replays list
  gateway replays list --limit 5 --output json`;

const SHOW_EXAMPLES = `
Examples:
  gateway replays show <id>
  gateway replays show <id> --follow

With --follow it ends with the replay: exit code 0 where all went well, 1 where
letters failed or it was cancelled.`;

const CANCEL_EXAMPLES = `
Example:
  gateway replays cancel <id>

Letters that it has not come to are open again. One that has ended stays as it is.`;

/** Adds the command. */
export function addReplays(program: Command): void {
  const replays = program
    .command("replays")
    .description("replays and discards of dead letters")
    .addHelpText("after", LIST_EXAMPLES);
  addPageOptions(replays.command("list").description("list them, the latest first"))
    .addHelpText("after", LIST_EXAMPLES)
    .action(async (options: PageOptions, command: Command) => {
      const session = await openSession(command);
      const page = await session.api.replays(listQuery(options));
      printPage(session, page, replayColumns(new Date()), "nothing was replayed yet");
    });
  replays
    .command("show")
    .description("show one, and how far it is")
    .argument("<id>", "the replay's id", text)
    .option("--follow", "wait for its end")
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (id: string, { follow }: { follow?: boolean }, command: Command) => {
      const session = await openSession(command);
      const replay = await session.api.replay(id);
      if (follow === true) await followReplay(session, replay, catchInterrupts());
      else printReplay(session, replay);
    });
  replays
    .command("cancel")
    .description("end one before its time")
    .argument("<id>", "the replay's id", text)
    .addHelpText("after", CANCEL_EXAMPLES)
    .action(async (id: string, _: object, command: Command) => {
      const session = await openSession(command);
      const replay = await session.api.cancelReplay(id);
      printReplay(session, replay);
      if (replay.status === "done") say("it had ended already");
    });
}
