/** The token for the operator API. It is never a flag: every process on the machine can read those. */
import { hasWhitespaceAround } from "@webhook-gateway/shared/config/secret.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { type PromptTerminal, unlessDeclined } from "../input/prompt.ts";

/**
 * The token from the environment, or from a prompt that does not show it.
 * @throws GatewayError if there is no token, and no terminal to ask on
 */
export async function readToken(
  environment: Readonly<Record<string, string | undefined>>,
  terminal: PromptTerminal,
): Promise<string> {
  const given = environment.GATEWAY_TOKEN;
  if (given !== undefined && given !== "") return checked(given, "GATEWAY_TOKEN");
  if (!terminal.isInteractive) {
    throw new GatewayError(
      "GATEWAY_TOKEN is not set: set it to the gateway's OPERATOR_TOKEN, or its READER_TOKEN for reading only",
      EXIT.usage,
    );
  }
  const { input, output } = terminal;
  const { password } = await import("@inquirer/prompts");
  const typed = await unlessDeclined(
    password({ message: "GATEWAY_TOKEN:", toggleMask: false }, { input, output }),
  );
  if (typed === undefined || typed.trim() === "") throw new GatewayError("no token was given");
  // The input is hidden, and no token has spaces.
  return checked(typed.trim(), "the token");
}

/** Makes sure that a header can carry it. */
function checked(token: string, what: string): string {
  if (hasWhitespaceAround(token)) throw new GatewayError(`${what} has whitespace around it`, EXIT.usage);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new GatewayError(`${what} has characters that a token cannot have`, EXIT.usage);
}
