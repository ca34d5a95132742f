/** The filters of commands about validations. */
import { VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import type { Command } from "commander";
import { addTimeOptions, integerUpTo, oneOf, repository, someOf } from "../../input/option.ts";

const MAX_NUMBER = 9_999_999_999;

export const addValidationFilters = (command: Command): Command =>
  addTimeOptions(
    command
      .option("--repo <owner/repo>", "of one repository", repository)
      .option("--pr <number>", "of one pull request", integerUpTo(MAX_NUMBER))
      .option(
        "--event <event>",
        "pull_request, merge_group or push",
        oneOf("pull_request", "merge_group", "push"),
      )
      .option("--state <states>", "in these states, separated by commas", someOf(...VALIDATION_STATES)),
  );
