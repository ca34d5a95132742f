/** `gateway completion`: what a shell needs to complete the command, made from the commands themselves. */
import { Argument, type Command } from "commander";
import { bashScript } from "./bash.ts";
import { type CommandWords, commandTable } from "./command-table.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  string,
  (table: readonly CommandWords[]) => string
>;

const EXAMPLES = `
The script completes a command of the name gateway. In this checkout that is an
alias:
  alias gateway='npm run --silent gateway --'

Examples:
  gateway completion bash >> ~/.bashrc
  gateway completion zsh > "\${fpath[1]}/_gateway"
  gateway completion fish > ~/.config/fish/completions/gateway.fish`;

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes this command in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SCRIPTS)))
    .addHelpText("after", EXAMPLES)
    .action((shell: keyof typeof SCRIPTS) => {
      process.stdout.write(SCRIPTS[shell](commandTable(program)));
    });
}
