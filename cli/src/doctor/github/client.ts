/** GitHub, asked as the consumer asks it, with the credentials that are set here. */
import { type Credential, createGitHub, type GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import { type Hook, hooksOf } from "@webhook-gateway/shared/github/hook.ts";
import type { Place } from "../context.ts";

export interface GitHubAccess {
  readonly apiUrl: string;
  /** As the consumer decides it. */
  readonly mode: "app" | "token" | "none";
  readonly hasToken: boolean;
  readonly hooks: readonly Hook[];
  /** Pushes are validated. */
  readonly pushes: boolean;
  ask(credential: Credential, route: string, parameters?: object): Promise<GitHubAnswer>;
  /** Of the latest answer. */
  headers(): Headers;
}

/** @throws GatewayError where the configuration is bad */
export function openGitHub(place: Place): GitHubAccess {
  const config = place.consumerConfig();
  let latest = new Headers();
  const fetcher: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    latest = response.headers;
    return response;
  };
  const github = createGitHub(
    {
      apiUrl: config.GITHUB_API_URL,
      token: place.settings.GITHUB_TOKEN,
      appId: place.settings.GITHUB_APP_ID,
      privateKey: place.settings.GITHUB_APP_PRIVATE_KEY,
    },
    fetcher,
    () => new Date(),
  );
  return {
    apiUrl: config.GITHUB_API_URL.replace(/\/+$/, ""),
    mode: github.mode,
    hasToken: github.hasToken,
    hooks: hooksOf(config.RECONCILE_HOOKS, github.mode),
    pushes: config.VALIDATE_PUSH_BRANCHES.length > 0,
    ask: (credential, route, parameters = {}) => github.call(credential, route, parameters),
    headers: () => latest,
  };
}
