/** The variables of the environment that choose a provider and say how it is reached. */
import * as v from "valibot";
import { isLoopback } from "../http/listen.ts";
import type { IsolationName } from "../sandbox/isolation-choice.ts";
import type { ProviderChoice } from "./open-provider.ts";
import { PROVIDERS } from "./provider-name.ts";

const provider = v.optional(v.picklist(PROVIDERS, `must be one of ${PROVIDERS.join(", ")}`));
const key = v.optional(v.pipe(v.string(), v.regex(/^\S+$/, "must not contain whitespace")));
const name = v.optional(v.pipe(v.string(), v.regex(/^[\w./:-]{1,200}$/, "must be a plain name")));
// The key is sent there.
const address = v.optional(
  v.pipe(v.string(), v.check(isSafeAddress, "must be an https URL, or an http URL of this machine")),
);

export const PROVIDER_ENTRIES = {
  GRAINCHAIN_PROVIDER: provider,
  GRAINCHAIN_DEFAULT_PROVIDER: provider,
  E2B_API_KEY: key,
  E2B_TEMPLATE: name,
  E2B_DOMAIN: name,
  E2B_API_URL: address,
  E2B_SANDBOX_URL: address,
  DAYTONA_API_KEY: key,
  DAYTONA_TARGET: name,
  DAYTONA_API_URL: address,
};

const schema = v.object(PROVIDER_ENTRIES);

/** The provider that the settings name, or what they lack. */
export function chooseProvider(
  settings: v.InferOutput<typeof schema>,
  isolation: IsolationName,
): ProviderChoice | string {
  const { E2B_API_KEY, DAYTONA_API_KEY } = settings;
  const chosen = settings.GRAINCHAIN_PROVIDER ?? settings.GRAINCHAIN_DEFAULT_PROVIDER ?? "local";
  switch (chosen) {
    case "local":
      return { name: chosen, isolation };
    case "e2b":
      if (E2B_API_KEY === undefined) return "E2B_API_KEY is missing: the provider e2b needs it";
      return {
        name: chosen,
        settings: {
          apiKey: E2B_API_KEY,
          template: settings.E2B_TEMPLATE,
          domain: settings.E2B_DOMAIN,
          apiUrl: settings.E2B_API_URL,
          sandboxUrl: settings.E2B_SANDBOX_URL,
        },
      };
    case "daytona":
      if (DAYTONA_API_KEY === undefined) return "DAYTONA_API_KEY is missing: the provider daytona needs it";
      return {
        name: chosen,
        settings: {
          apiKey: DAYTONA_API_KEY,
          target: settings.DAYTONA_TARGET,
          apiUrl: settings.DAYTONA_API_URL,
        },
      };
  }
}

function isSafeAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}
