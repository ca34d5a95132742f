import { type CommandWords, deeperPaths, quoted } from "./command-table.ts";

/** For bash. After an option with a value that is not known, and after an argument, it completes names of files. */
export const bashScript = (table: readonly CommandWords[]): string => `# bash completion of gateway
_gateway() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=gateway words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${deeperPaths(table).map(quoted).join("|")}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${valueCases(table)}
    *)
      case "$at" in
${table.map((one) => `        ${quoted(one.path)}) words=${quoted(wordsOf(one).join(" "))} ;;`).join("\n")}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _gateway gateway
`;

const wordsOf = ({ commands, values, options }: CommandWords): string[] => [
  ...commands.map(({ text }) => text),
  ...values,
  ...options.map(({ text }) => text),
];

const valueCases = (table: readonly CommandWords[]): string =>
  table
    .flatMap(({ path, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map(({ text, values }) => `    ${quoted(`${path} ${text}`)}) words=${quoted(values.join(" "))} ;;`),
    )
    .join("\n");
