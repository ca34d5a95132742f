/** `gateway validations rerun` and `cancel`: one validation at once, or many by the rules of a replay. */
import type { BulkRequest, ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import type { BulkAction } from "@webhook-gateway/shared/api/validation-scope.ts";
import type { Command } from "commander";
import { openSession, type Session } from "../../api/session.ts";
import type { TimeOptions } from "../../input/option.ts";
import { readScope } from "../../input/scope.ts";
import { printJson, printMessage } from "../../output/terminal.ts";
import { validationColumns } from "../../view/validation.ts";
import { type Bulk, nothingMatches, runBulk } from "../replays/bulk-action.ts";
import {
  addBulkOptions,
  addRateOption,
  type BulkCommandOptions,
  requestOf,
} from "../replays/bulk-options.ts";
import { addValidationFilters } from "./validation-filters.ts";

const MANY = (verb: BulkAction): string => `
Of many, the command first shows the validations. Type "${verb}" to confirm, or
pass --yes. It runs at --rate, ${verb === "rerun" ? "behind live work, " : ""}and resumes after a crash.
Ctrl-C stops waiting, not the command:
  gateway replays show <id> --follow   keeps waiting
  gateway replays cancel <id>          cancels it`;

const EXAMPLES: Readonly<Record<BulkAction, string>> = {
  rerun: `
Examples:
  gateway validations rerun 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1
  gateway validations rerun --state failed,timed_out --since 6h --dry-run
  gateway validations rerun --state failed,timed_out --since 6h --rate 60 --reason "Grainchain is back"

A head runs again if it is still the newest of its pull request or branch. Of
many, also only if nothing of it is under way and no later run superseded it.
${MANY("rerun")}`,
  cancel: `
Examples:
  gateway validations cancel 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1
  gateway validations cancel --repo acme/widgets --dry-run
  gateway validations cancel --state queued --event push --yes --detach

A waiting validation is removed from the queue, a running one is stopped at
Grainchain.
${MANY("cancel")}`,
};

interface Options extends BulkCommandOptions, TimeOptions {
  readonly repo?: string;
  readonly event?: string;
  readonly state?: string;
  readonly pr?: number;
}

const FILTERS = ["repo", "state", "event", "pr", "since", "until"] as const;

export function addBulkCommand(validations: Command, verb: BulkAction, description: string): void {
  const command = validations.command(verb).description(description);
  addRateOption(
    addBulkOptions(
      addValidationFilters(command).argument("[ids...]", "the validations' ids"),
      verb === "rerun" ? "all that have ended" : "all that have not ended",
    ),
  )
    .addHelpText("after", EXAMPLES[verb])
    .action(async (ids: string[], options: Options, self: Command) => {
      const { ids: named, filter, all } = readScope("validations", ids, options, FILTERS);
      const session = await openSession(self);
      const [only] = named ?? [];
      if (only !== undefined && named?.length === 1 && isPlain(options)) {
        await commandOne(session, verb, only);
        return;
      }
      const { pr, ...others } = filter ?? {};
      const scope = {
        ...(named && { ids: named }),
        ...(filter && { filter: { ...others, ...(pr && { pr: String(pr) }) } }),
        ...(all && { all }),
      };
      await runBulk(session, validationBulk(session, verb, requestOf(scope, options)), options);
    });
}

/** Nothing is asked for that only a command about many knows. */
const isPlain = ({ dryRun, detach, rate, reason }: Options): boolean =>
  !dryRun && !detach && rate === undefined && reason === undefined;

async function commandOne({ api, json }: Session, verb: BulkAction, id: string): Promise<void> {
  const answer = await api.commandValidation(id, verb);
  if (json) printJson(answer);
  else printMessage(answer.message);
}

const validationBulk = (session: Session, verb: BulkAction, request: BulkRequest): Bulk<ValidationItem> => ({
  verb,
  noun: "validation",
  columns: validationColumns,
  named: request.scope.ids?.length ?? 0,
  unfit: verb === "rerun" ? "are unknown or have not ended" : "are unknown or have ended",
  preview: () => session.api.previewValidations(verb, request),
  start: () => session.api.actOnValidations(verb, request),
  nothingToDo: async () =>
    nothingMatches(verb === "rerun" ? "validation that can run again" : "validation that has not ended"),
});
