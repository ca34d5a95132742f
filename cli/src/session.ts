/** What a command works with: the gateway that is asked, and the form of the answer. */
import type { Command } from "commander";
import { openClient } from "./client.ts";
import { EXIT, GatewayError } from "./exit.ts";
import { type OperatorApi, operatorApi } from "./operator-api.ts";
import { processTerminal } from "./prompt.ts";
import { readToken } from "./token.ts";

export interface Session {
  readonly api: OperatorApi;
  readonly json: boolean;
  /** A command line of this program for the same gateway, for a person to copy. */
  commandLine(command: string): string;
}

/**
 * Opens the gateway that the global options name.
 * @throws GatewayError where the URL is none, or there is no token
 */
export async function openSession(command: Command): Promise<Session> {
  const { url, output } = command.optsWithGlobals<{ url: string; output: string }>();
  const address = checkedUrl(url);
  const token = await readToken(process.env, processTerminal());
  const flag = command.getOptionValueSourceWithGlobals("url") === "cli" ? `--url ${address} ` : "";
  return {
    api: operatorApi(openClient({ url: address, token })),
    json: output === "json",
    commandLine: (line) => `gateway ${flag}${line}`,
  };
}

function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new GatewayError("--url is no URL", EXIT.usage);
  // Told in messages, where no password belongs.
  if (url.username !== "" || url.password !== "") {
    throw new GatewayError("--url must not have a user or a password", EXIT.usage);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}
