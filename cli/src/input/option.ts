/** Options of several commands, and how their values are read. */
import { DEFAULT_LIMIT, MAX_LIMIT } from "@webhook-gateway/shared/api/page.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Query } from "../api/client.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { CELL_NAME } from "../project/project.ts";
import { parseMoment } from "./time.ts";

export interface TimeOptions {
  readonly since?: string;
  readonly until?: string;
}

export interface PageOptions {
  readonly limit: number;
  readonly cursor?: string;
}

export const addTimeOptions = (command: Command): Command =>
  command
    .option("--since <when>", "not before: 30m, 6h or 2d ago, or a date and time", moment)
    .option("--until <when>", "before: the same forms", moment);

export const addPageOptions = (command: Command): Command =>
  command
    .option("--limit <n>", `how many, at most ${MAX_LIMIT}`, integerUpTo(MAX_LIMIT), DEFAULT_LIMIT)
    .option("--cursor <cursor>", "the next page, as the last list named it", text);

const environment = (value: string): string => matching(CELL_NAME, ENVIRONMENT_FORM)(value);
const ENVIRONMENT_FORM =
  "It must be development, staging, production or a cell: up to 31 lower-case characters, digits and single hyphens.";

/** Adds `--env`, which has to be given if there is no default. */
export function addEnvironmentOption(command: Command, byDefault?: string): Command {
  const option = new Option("--env <name>", "the environment").argParser(environment);
  return command.addOption(
    byDefault === undefined ? option.makeOptionMandatory() : option.default(byDefault),
  );
}

/** Options as the query of a list. @throws GatewayError for a time span that ends before it begins */
export function listQuery(options: PageOptions & TimeOptions & object): Query {
  checkTimes(options);
  return { ...options };
}

/** @throws GatewayError for a time span that ends before it begins */
export function checkTimes({ since, until }: TimeOptions): void {
  if (since !== undefined && until !== undefined && since > until) {
    throw new GatewayError("--since is later than --until", EXIT.usage);
  }
}

export function moment(value: string): string {
  const at = parseMoment(value, new Date());
  if (at !== undefined) return at;
  throw new InvalidArgumentError("It must be a time span such as 30m, 6h or 2d, or a date and time.");
}

export const integerUpTo =
  (max: number) =>
  (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= 1 && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`);
  };

/** A text of one form. */
export const matching =
  (form: RegExp, problem: string) =>
  (value: string): string => {
    if (form.test(value)) return value;
    throw new InvalidArgumentError(problem);
  };

export const repository = matching(/^[\w.-]+\/[\w.-]+$/, "It must be owner/repo.");

const anyShaPrefix = matching(/^[0-9a-f]{7,64}$/i, "It must be a commit SHA of at least 7 digits.");
export const shaPrefix = (value: string): string => anyShaPrefix(value).toLowerCase();

/** @param max characters */
export const textUpTo =
  (max: number) =>
  (value: string): string => {
    if (value.trim() !== "" && value.length <= max) return value;
    throw new InvalidArgumentError(`It must have from 1 to ${max} characters.`);
  };

const MAX_TEXT = 400;
/** An id, a name or a cursor. */
export const text = textUpTo(MAX_TEXT);

/** One of these words. */
export const oneOf =
  <const Word extends string>(...words: readonly Word[]) =>
  (value: string): Word => {
    const known = words.find((word) => word === value);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`It must be one of ${words.join(", ")}.`);
  };

/** Some of these words, separated by commas. */
export const someOf =
  (...words: readonly string[]) =>
  (value: string): string => {
    const given = value.split(",").map((word) => word.trim());
    if (given.every((word) => words.includes(word))) return given.join(",");
    throw new InvalidArgumentError(`It must be some of ${words.join(", ")}, separated by commas.`);
  };
