/** Doubles of the sandbox services, over HTTP, for the services' own SDKs. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import type { ProviderChoice } from "../../../src/provider/open-provider.ts";
import { makeDirectory } from "../../support/repositories.ts";
import { answerAsDaytona, DAYTONA_KEY } from "./daytona-double.ts";
import { answerAsE2b, E2B_KEY } from "./e2b-double.ts";
import { Machines } from "./machines.ts";

export type Service = { readonly machines: Machines; readonly url: string };

type Answer = (machines: Machines, request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function start(answer: Answer): Promise<Service> {
  const machines = new Machines(makeDirectory);
  const server = createServer((request, response) => {
    answer(machines, request, response).catch((error) => response.destroy(error));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const machine of machines.open()) machines.close(machine);
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { machines, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}` };
}

/** A service, how Grainchain is told to use it, and the same as variables. */
export interface Started extends Service {
  readonly choice: (apiKey?: string) => ProviderChoice;
  readonly env: Readonly<Record<string, string>>;
}

export const SERVICES = {
  async e2b(): Promise<Started> {
    const service = await start(answerAsE2b);
    const { url } = service;
    return {
      ...service,
      choice: (apiKey = E2B_KEY) => ({ name: "e2b", settings: { apiKey, apiUrl: url, sandboxUrl: url } }),
      env: {
        GRAINCHAIN_DEFAULT_PROVIDER: "e2b",
        E2B_API_KEY: E2B_KEY,
        E2B_API_URL: url,
        E2B_SANDBOX_URL: url,
      },
    };
  },
  async daytona(): Promise<Started> {
    const service = await start(answerAsDaytona);
    return {
      ...service,
      choice: (apiKey = DAYTONA_KEY) => ({ name: "daytona", settings: { apiKey, apiUrl: service.url } }),
      env: {
        GRAINCHAIN_DEFAULT_PROVIDER: "daytona",
        DAYTONA_API_KEY: DAYTONA_KEY,
        DAYTONA_API_URL: service.url,
      },
    };
  },
};
export const SERVICE_NAMES = ["e2b", "daytona"] as const;
