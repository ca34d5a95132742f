/** `gateway mcp`: the gateway for an assistant. */
import type { Command } from "commander";
import { openClient } from "../api/client.ts";
import { gatewayUrl } from "../api/gateway-url.ts";
import { type OperatorApi, operatorApi } from "../api/operator-api.ts";
import { readToken } from "../api/token.ts";
import { GatewayError } from "../exit.ts";
import { processTerminal } from "../input/prompt.ts";
import { errorCode } from "../input/text-file.ts";

const HELP = `
Examples:
  gateway mcp
  gateway mcp --allow-actions

An assistant starts this command and speaks to it on standard input and output.
GATEWAY_URL and GATEWAY_TOKEN come from the environment that it is started with.
Tools: status, trace, why, list_validations, list_deliveries and
list_dead_letters. With --allow-actions and an operator's token also cancel,
rerun, approve, pause, resume, replay, discard, reconcile and audit.
Text from outside (branches, logins, errors, output) is always the value of a
field "untrusted".`;

export function addMcp(program: Command): void {
  program
    .command("mcp")
    .description("serve an assistant by the Model Context Protocol")
    .option("--allow-actions", "also offer tools that change something")
    .addHelpText("after", HELP)
    .action(async ({ allowActions = false }: { readonly allowActions?: boolean }, command: Command) => {
      const url = gatewayUrl(command);
      // Standard input belongs to the protocol.
      const token = await readToken(process.env, { ...processTerminal(), isInteractive: false });
      const { serveMcp } = await loadServer();
      const api = operatorApi(openClient({ url, token }));
      await serveMcp({ api, token, allowActions: allowActions && !(await isReader(api)) });
    });
}

/** Whether the token is known to be a reader's. If the gateway does not answer now, it refuses readers later. */
const isReader = async (api: OperatorApi): Promise<boolean> =>
  (await api.status().catch(() => undefined))?.actor?.startsWith("reader:") === true;

/** Only this command needs the protocol's packages, so `npm start` does not install them. */
async function loadServer() {
  try {
    return await import("../../mcp/src/serve.ts");
  } catch (thrown) {
    if (errorCode(thrown) !== "ERR_MODULE_NOT_FOUND") throw thrown;
    throw new GatewayError("the packages of this command are missing: npm run gateway -- mcp installs them");
  }
}
