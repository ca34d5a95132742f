/** The token that opens the operator API. Never a flag: those are for every process of the machine to read. */
import { hasWhitespaceAround } from "@webhook-gateway/shared/config/secret.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { type PromptTerminal, unlessDeclined } from "../input/prompt.ts";

/**
 * The token of the environment, or asked for without showing it.
 * @throws GatewayError where there is neither a token nor anybody to ask
 */
export async function readToken(
  environment: Readonly<Record<string, string | undefined>>,
  terminal: PromptTerminal,
): Promise<string> {
  const given = environment.GATEWAY_TOKEN;
  if (given !== undefined && given !== "") return checked(given, "GATEWAY_TOKEN");
  if (!terminal.isInteractive) {
    throw new GatewayError(
      "GATEWAY_TOKEN is not set: it has to be the gateway's OPERATOR_TOKEN, or its READER_TOKEN to look only",
      EXIT.usage,
    );
  }
  const { input, output } = terminal;
  const { password } = await import("@inquirer/prompts");
  const typed = await unlessDeclined(
    password({ message: "GATEWAY_TOKEN:", toggleMask: false }, { input, output }),
  );
  if (typed === undefined || typed.trim() === "") throw new GatewayError("no token was given");
  // Nobody sees what is typed or pasted here, and no token has spaces.
  return checked(typed.trim(), "the token");
}

/** What a header can carry. */
function checked(token: string, what: string): string {
  if (hasWhitespaceAround(token)) throw new GatewayError(`${what} has whitespace around it`, EXIT.usage);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new GatewayError(`${what} has characters that no token has`, EXIT.usage);
}
