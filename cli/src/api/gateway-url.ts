/** The address of the gateway. */
import type { Command } from "commander";
import { EXIT, GatewayError } from "../exit.ts";

/** The option wins over the variable. */
const sourceOf = (command: Command): "--url" | "GATEWAY_URL" =>
  command.getOptionValueSourceWithGlobals("url") === "cli" ? "--url" : "GATEWAY_URL";

/**
 * The address; the local gateway's if none is given.
 * @returns without a slash at its end
 * @throws GatewayError naming the option or the variable that is invalid
 */
export function gatewayUrl(command: Command): string {
  const { url: text } = command.optsWithGlobals<{ url: string }>();
  const bad = (problem: string) => new GatewayError(`${sourceOf(command)} ${problem}`, EXIT.usage);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw bad("is not a URL such as https://gateway.example.com");
  // Messages show the address.
  if (url.username !== "" || url.password !== "") throw bad("must not have a user or a password");
  // Such as a Payload URL, or the dashboard's: the routes of the API begin at the root.
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw bad(`must not have a path: use ${url.origin}`);
  return url.origin;
}

/** The address if a person has given one. @throws GatewayError */
export const givenGatewayUrl = (command: Command): string | undefined =>
  sourceOf(command) === "--url" || process.env.GATEWAY_URL ? gatewayUrl(command) : undefined;
