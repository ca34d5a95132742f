/** What a command works with: the gateway, and the format of results. */
import type { Command } from "commander";
import { processTerminal } from "../input/prompt.ts";
import { openClient } from "./client.ts";
import { gatewayUrl } from "./gateway-url.ts";
import { type OperatorApi, operatorApi } from "./operator-api.ts";
import { readToken } from "./token.ts";

export interface Session {
  readonly api: OperatorApi;
  readonly json: boolean;
  /** A command line for the same gateway, for a person to copy. */
  commandLine(command: string): string;
}

/** Whether `--output json` is given. */
export const isJson = (command: Command): boolean =>
  command.optsWithGlobals<{ output: string }>().output === "json";

/**
 * Opens the gateway that the global options name.
 * @throws GatewayError if the URL is invalid, or there is no token
 */
export async function openSession(command: Command): Promise<Session> {
  const address = gatewayUrl(command);
  const token = await readToken(process.env, processTerminal());
  const flag = command.getOptionValueSourceWithGlobals("url") === "cli" ? `--url ${address} ` : "";
  return {
    api: operatorApi(openClient({ url: address, token })),
    json: isJson(command),
    commandLine: (line) => `gateway ${flag}${line}`,
  };
}
