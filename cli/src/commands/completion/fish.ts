import { type CommandWords, deeperPaths } from "./command-table.ts";

/** For fish, with descriptions. */
export const fishScript = (table: readonly CommandWords[]): string => `# fish completion of gateway
function __gateway_at
  set -l at gateway
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${deeperPaths(table).map(quotedForFish).join(" ")}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
complete -c gateway -f
${table.flatMap(linesOf).join("\n")}
`;

function linesOf({ path, commands, values, options }: CommandWords): string[] {
  const here = `complete -c gateway -n ${quotedForFish(`__gateway_at ${quotedForFish(path)}`)}`;
  return [
    ...commands.map(
      ({ text, description }) => `${here} -a ${quotedForFish(text)} -d ${quotedForFish(description)}`,
    ),
    ...(values.length === 0 ? [] : [`${here} -a ${quotedForFish(values.join(" "))}`]),
    ...options.map(({ text, description, takesValue, values: choices }) => {
      const value = takesValue
        ? choices.length === 0
          ? " -r -F"
          : ` -x -a ${quotedForFish(choices.join(" "))}`
        : "";
      return `${here} -l ${text.slice(2)}${value} -d ${quotedForFish(description)}`;
    }),
  ];
}

/** Between single quotes, a backslash escapes itself and a single quote. */
const quotedForFish = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
