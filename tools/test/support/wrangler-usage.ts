/** Whether Wrangler takes a command line: told by its own definitions of its commands, without starting it. */
import { existsSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";
import { experimental_getWranglerCommands } from "wrangler";
import { ENVIRONMENTS } from "../../../cli/src/project/project.ts";

const flag = v.object({
  type: v.optional(v.string(), "string"),
  array: v.optional(v.boolean(), false),
  alias: v.pipe(
    v.optional(v.union([v.string(), v.array(v.string())]), []),
    v.transform((alias) => (typeof alias === "string" ? [alias] : alias)),
  ),
  choices: v.exactOptional(v.array(v.string())),
  demandOption: v.optional(v.unknown()),
});
const flags = v.record(v.string(), flag);
type Flag = v.InferOutput<typeof flag>;

const commandDefinition = v.object({
  type: v.literal("command"),
  args: v.optional(flags, {}),
  positionalArgs: v.optional(v.array(v.string()), []),
});

interface Given {
  readonly name: string;
  readonly value: string;
}

const { registry, globalFlags } = experimental_getWranglerCommands();

/** @returns what is wrong with it; empty where Wrangler takes it */
export function wranglerProblems(words: readonly string[]): string[] {
  const found = findCommand(words);
  if (found === undefined) return [`there is no command "${words.join(" ")}"`];
  const { definition, rest } = found;
  const known = { ...v.parse(flags, globalFlags), ...definition.args };
  const { given, positionals, problems } = readWords(rest, known);
  const needed = definition.positionalArgs.filter((name) => definition.args[name]?.demandOption === true);
  const takesMany = definition.positionalArgs.some((name) => definition.args[name]?.array === true);
  return [
    ...problems,
    ...(positionals.length < needed.length ? [`it needs ${needed.join(", ")}`] : []),
    ...(positionals.length > definition.positionalArgs.length && !takesMany
      ? [`it does not take ${positionals.join(" ")}`]
      : []),
    ...given.flatMap(valueProblems),
  ];
}

/** The longest of the words that is a command. */
function findCommand(words: readonly string[]) {
  let node: Pick<typeof registry, "subtree" | "definition"> = registry;
  let depth = 0;
  for (const word of words) {
    const next = node.subtree.get(word);
    if (next === undefined) break;
    node = next;
    depth += 1;
  }
  const parsed = v.safeParse(commandDefinition, node.definition);
  return parsed.success ? { definition: parsed.output, rest: words.slice(depth) } : undefined;
}

function readWords(words: readonly string[], known: Readonly<Record<string, Flag>>) {
  const given: Given[] = [];
  const positionals: string[] = [];
  const problems: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const [, dashed, inline] = /^(--?[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (dashed === undefined) {
      positionals.push(word);
      continue;
    }
    const found = findFlag(dashed, known);
    if (found === undefined) {
      problems.push(`there is no flag ${dashed}`);
      continue;
    }
    const [name, { type, choices }] = found;
    if (type === "boolean") continue;
    const next = words[at + 1];
    const value = inline ?? (next?.startsWith("-") ? undefined : next);
    if (inline === undefined && value !== undefined) at += 1;
    if (value === undefined || value === "") problems.push(`${dashed} needs a value`);
    else if (choices !== undefined && !choices.includes(value))
      problems.push(`${dashed} is one of ${choices.join(", ")}`);
    else given.push({ name, value });
  }
  return { given, positionals, problems };
}

function findFlag(dashed: string, known: Readonly<Record<string, Flag>>): [string, Flag] | undefined {
  const name = dashed.replace(/^--?(no-)?/, "");
  return Object.entries(known).find(([one, { alias }]) => one === name || alias.includes(name));
}

/** What only this project knows. */
function valueProblems({ name, value }: Given): string[] {
  if (name === "config" && !existsSync(path.join(ROOT, value))) return [`there is no file ${value}`];
  if (name === "env" && !ENVIRONMENTS.some((one) => one === value)) return [`${value} is not an environment`];
  return [];
}
