/** `gateway flakes`: steps that passed and failed on one commit. */
import { FLAKE_DAYS, type FlakeItem } from "@webhook-gateway/shared/api/flake.ts";
import type { Command } from "commander";
import type { Query } from "../api/client.ts";
import { openSession } from "../api/session.ts";
import { moment, repository } from "../input/option.ts";
import { printPage } from "../output/page.ts";
import type { Column } from "../output/table.ts";
import { ageText } from "../output/time-text.ts";
import { shortSha } from "../view/validation.ts";

const EXAMPLES = `
Examples:
  gateway flakes
  gateway flakes --repo acme/widgets --since 30d --output json

Only commits that were run again can show that a step is flaky: on GitHub with
Re-run or /validate, here with gateway validations rerun.`;

export function addFlakes(program: Command): void {
  program
    .command("flakes")
    .description("list steps that passed and failed on one commit")
    .option("--repo <owner/repo>", "of one repository", repository)
    .option(
      "--since <when>",
      `runs that ended since: 30m, 6h or 2d ago, or a date (default: ${FLAKE_DAYS}d)`,
      moment,
    )
    .addHelpText("after", EXAMPLES)
    .action(async (query: Query, command: Command) => {
      const { api, json } = await openSession(command);
      printPage(
        json,
        await api.flakes(query),
        flakeColumns(new Date()),
        "no step passed and failed on one commit",
      );
    });
}

const flakeColumns = (now: Date): Column<FlakeItem>[] => [
  { head: "STEP", cell: ({ step }) => step, rank: 1, min: 10 },
  { head: "REPOSITORY", cell: ({ repository: name }) => name, rank: 2, min: 12 },
  { head: "COMMITS", cell: ({ commits }) => commits, rank: 3, min: 7 },
  { head: "PASSED", cell: ({ passed }) => passed, rank: 5, min: 6 },
  { head: "FAILED", cell: ({ failed }) => failed, rank: 4, min: 6 },
  { head: "LAST", cell: ({ last_at }) => ageText(last_at, now), rank: 6, min: 4 },
  { head: "SHA", cell: ({ head_sha }) => shortSha(head_sha), rank: 7, min: 7 },
];
