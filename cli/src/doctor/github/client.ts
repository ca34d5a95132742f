/** GitHub, called the way the consumer calls it, with the credentials that are set here. */
import { type Credential, createGitHub, type GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import { type Hook, hooksOf } from "@webhook-gateway/shared/github/hook.ts";
import type { CheckContext } from "../context.ts";

export interface GitHubClient {
  readonly apiUrl: string;
  /** As the consumer decides it. */
  readonly mode: "app" | "token" | "none";
  readonly hasToken: boolean;
  readonly hooks: readonly Hook[];
  /** Whether pushes are validated. */
  readonly pushes: boolean;
  call(credential: Credential, route: string, parameters?: object): Promise<GitHubAnswer>;
  /** Of the latest answer. */
  headers(): Headers;
}

/** @throws Unchecked if the configuration is invalid */
export function openGitHub(context: CheckContext): GitHubClient {
  const config = context.consumerConfig();
  const { GITHUB_TOKEN: token, GITHUB_APP_ID: appId, GITHUB_APP_PRIVATE_KEY: privateKey } = context.settings;
  let latest = new Headers();
  const fetcher: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    latest = response.headers;
    return response;
  };
  const github = createGitHub(
    { apiUrl: config.GITHUB_API_URL, token, appId, privateKey },
    fetcher,
    () => new Date(),
  );
  return {
    apiUrl: config.GITHUB_API_URL.replace(/\/+$/, ""),
    mode: github.mode,
    hasToken: github.hasToken,
    hooks: hooksOf(config.RECONCILE_HOOKS, github.mode),
    pushes: config.VALIDATE_PUSH_BRANCHES.length > 0,
    call: (credential, route, parameters = {}) => github.call(credential, route, parameters),
    headers: () => latest,
  };
}
