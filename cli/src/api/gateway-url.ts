/** The address of the gateway that a person means. */
import type { Command } from "commander";
import { EXIT, GatewayError } from "../exit.ts";

/** What names it: the option wins over the variable. */
const sourceOf = (command: Command): "--url" | "GATEWAY_URL" =>
  command.getOptionValueSourceWithGlobals("url") === "cli" ? "--url" : "GATEWAY_URL";

/**
 * The address, or the local gateway's where none is given.
 * @returns without a slash at its end
 * @throws GatewayError naming the option or the variable that holds something else
 */
export function gatewayUrl(command: Command): string {
  const { url: text } = command.optsWithGlobals<{ url: string }>();
  const bad = (problem: string) => new GatewayError(`${sourceOf(command)} ${problem}`, EXIT.usage);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw bad("is not a URL: it has to be as https://gateway.example.com");
  // Told in messages, where no password belongs.
  if (url.username !== "" || url.password !== "") throw bad("must not have a user or a password");
  // A Payload URL, or the dashboard's: the routes of the API begin at the root.
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw bad(`must not have a path: it has to be ${url.origin}`);
  return url.origin;
}

/** The address that a person has given; undefined where none is. @throws GatewayError */
export const givenGatewayUrl = (command: Command): string | undefined =>
  sourceOf(command) === "--url" || process.env.GATEWAY_URL ? gatewayUrl(command) : undefined;
