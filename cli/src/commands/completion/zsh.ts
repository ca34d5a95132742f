import { type CommandWords, deeperPaths, quoted, type Word } from "./command-table.ts";

/** For zsh, with descriptions. It works from a file in `fpath`, and with `source`. */
export const zshScript = (table: readonly CommandWords[]): string => `#compdef gateway
_gateway() {
  local at=gateway word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${deeperPaths(table)
        .map((path) => `(${quoted(path)})`)
        .join("|")}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${valueCases(table)}
  esac
  case "$at" in
${table.map((one) => `    (${quoted(one.path)}) found=(${wordsOf(one).map(described).join(" ")}) ;;`).join("\n")}
  esac
  _describe gateway found
}
if [ "\${funcstack[1]}" = _gateway ]; then _gateway "$@"; else compdef _gateway gateway; fi
`;

const wordsOf = ({ commands, values, options }: CommandWords): Word[] => [
  ...commands,
  ...values.map((text) => ({ text, description: "" })),
  ...options,
];

const described = ({ text, description }: Word): string =>
  quoted(`${text}${description === "" ? "" : `:${description.replaceAll(":", "\\:")}`}`);

const valueCases = (table: readonly CommandWords[]): string =>
  table
    .flatMap(({ path, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map(({ text, values }) => {
          const complete = values.length === 0 ? "_files" : `compadd ${values.map(quoted).join(" ")}`;
          return `    (${quoted(`${path} ${text}`)}) ${complete}; return ;;`;
        }),
    )
    .join("\n");
