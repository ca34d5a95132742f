/** All commands as a table: what may follow each of them. */
import type { Argument, Command, Option } from "commander";

export interface Word {
  readonly text: string;
  readonly description: string;
}

export interface OptionWord extends Word {
  readonly takesValue: boolean;
  /** The values that it takes; empty if they are not known. */
  readonly values: readonly string[];
}

export interface CommandWords {
  /** Such as `gateway dlq list`. */
  readonly path: string;
  readonly commands: readonly Word[];
  /** The values of its arguments that are known. */
  readonly values: readonly string[];
  readonly options: readonly OptionWord[];
}

/** The command and everything below it. */
export function commandTable(command: Command, parent = ""): CommandWords[] {
  const path = `${parent} ${command.name()}`.trim();
  const help = command.createHelp();
  const below = help.visibleCommands(command).filter((one) => one.name() !== "help");
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  return [
    {
      path,
      commands: below.map((one) => ({ text: one.name(), description: one.description() })),
      values: command.registeredArguments.flatMap(({ argChoices }: Argument) => argChoices ?? []),
      options: options.flatMap(optionWord),
    },
    ...below.flatMap((one) => commandTable(one, path)),
  ];
}

const optionWord = ({ long, description, required, optional, argChoices }: Option): OptionWord[] =>
  long === undefined || long === null
    ? []
    : [{ text: long, description, takesValue: required || optional, values: argChoices ?? [] }];

/** A text between single quotes, for bash and zsh. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Every path that is below another one, for the search of where a line is. */
export const deeperPaths = (table: readonly CommandWords[]): string[] =>
  table.map(({ path }) => path).filter((path) => path.includes(" "));
