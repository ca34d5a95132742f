/** Where `npm start` has the gateway of this machine: its ports, its addresses and its state. */
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { EXIT, GatewayError } from "../exit.ts";

export interface LocalPorts {
  readonly port: number;
  readonly grainchainPort: number;
}

/** @throws GatewayError naming the variable that is not a port */
export const readPorts = ({ PORT, GRAINCHAIN_PORT }: NodeJS.ProcessEnv): LocalPorts => ({
  port: readPort("PORT", PORT, 8787),
  grainchainPort: readPort("GRAINCHAIN_PORT", GRAINCHAIN_PORT, 8080),
});

/** Of the gateway and of the embedded Grainchain. */
export const localAddresses = ({ port, grainchainPort }: LocalPorts) => ({
  CLOUDFLARE_WORKER_URL: `http://localhost:${port}`,
  GRAINCHAIN_API_URL: `http://127.0.0.1:${grainchainPort}`,
});

/** The folder with the local D1. */
export const readStateDir = ({ GATEWAY_STATE }: NodeJS.ProcessEnv): string =>
  path.resolve(ROOT, GATEWAY_STATE || ".wrangler/state");

function readPort(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new GatewayError(`${name} is not a port: it must be a number from 1 to 65535`, EXIT.usage);
}
