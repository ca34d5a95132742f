/** GitHub's REST API under the gateway's credentials. No call throws; every answer is data or a classed failure. */
import { request as octokitRequest } from "@octokit/request";
import githubAppJwt from "universal-github-app-jwt";
import * as v from "valibot";
import {
  type GitHubFailure,
  type GitHubLimit,
  type GitHubQuota,
  githubFailure,
  quotaOf,
  resetOf,
  unchangedHeaders,
} from "./failure.ts";
import { type Permissions, permissionsFor } from "./permissions.ts";
import { CredentialsError, readPrivateKey } from "./private-key.ts";

export interface GitHubConfig {
  /** `https://api.github.com`, or `https://host/api/v3` of an Enterprise Server. */
  readonly apiUrl: string;
  readonly token: string | undefined;
  readonly appId: string | undefined;
  readonly privateKey: string | undefined;
}

/** Whom a request is made as. */
export type Credential =
  | { readonly kind: "token" }
  | { readonly kind: "app" }
  | { readonly kind: "installation"; readonly id: number };

/** The credential's name in the budgets. */
export const credentialName = (credential: Credential): string =>
  credential.kind === "installation" ? `installation:${credential.id}` : credential.kind;

/**
 * `data` is the body, parsed but not yet trusted; undefined if it is `unchanged` since the ETag that was given.
 * `limitedUntilMs`: it was the last of a budget.
 */
export type GitHubAnswer =
  | {
      readonly ok: true;
      readonly data: unknown;
      readonly unchanged: boolean;
      readonly etag: string | undefined;
      readonly link: string | undefined;
      readonly limitedUntilMs: number | undefined;
      readonly quota: GitHubQuota | undefined;
    }
  | { readonly ok: false; readonly failure: GitHubFailure };

/** When GitHub may be called again under the same credential, if it says that it may not be now. */
export const limitOf = (answer: GitHubAnswer): GitHubLimit | undefined =>
  toLimit(answer.ok ? answer : answer.failure);

/** What GitHub says of its limits in an answer. */
export interface RateLimits {
  readonly limit?: GitHubLimit | undefined;
  readonly quota?: GitHubQuota | undefined;
}

export const rateLimitsOf = (answer: GitHubAnswer): RateLimits => ({
  limit: limitOf(answer),
  quota: answer.ok ? answer.quota : undefined,
});

/** The limit in an outcome. */
export const toLimit = ({
  limitedUntilMs,
  secondary = false,
}: {
  readonly limitedUntilMs?: number | undefined;
  readonly secondary?: boolean;
}): GitHubLimit | undefined =>
  limitedUntilMs === undefined ? undefined : { untilMs: limitedUntilMs, secondary };

export type GitHub = ReturnType<typeof createGitHub>;

/** One request. GitHub itself gives up after 10 s (https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api). */
export const GITHUB_TIMEOUT_MS = 15_000;
/** A token this close to its expiry is not used. */
const TOKEN_SLACK_MS = 5 * 60_000;
/** The library asks for a JWT of 10 minutes, the most that GitHub accepts. */
const JWT_SLACK_MS = 60_000;

const tokenAnswer = v.object({ token: v.string(), expires_at: v.pipe(v.string(), v.isoTimestamp()) });

interface Token {
  readonly text: string;
  readonly expiresAtMs: number;
}

/**
 * A client for one configuration. It keeps tokens for as long as it lives, and promises for no longer than a call:
 * an isolate serves many events, and one must not wait for the I/O of another. (That is why `@octokit/auth-app`, which
 * shares them, is not used.)
 */
export function createGitHub(config: GitHubConfig, fetcher: typeof fetch, now: () => Date) {
  const request = octokitRequest.defaults({
    baseUrl: config.apiUrl.replace(/\/+$/, ""),
    headers: { "user-agent": "webhook-gateway", "x-github-api-version": "2022-11-28" },
    request: { fetch: fetcher },
  });
  const tokens = new Map<string, Token>();
  let jwt: Token | undefined;

  async function appJwt(): Promise<string> {
    if (jwt !== undefined && jwt.expiresAtMs - JWT_SLACK_MS > now().getTime()) return jwt.text;
    const { appId, privateKey = "" } = config;
    if (appId === undefined)
      throw new CredentialsError("GITHUB_APP_ID is missing beside GITHUB_APP_PRIVATE_KEY");
    const signed = await githubAppJwt({ id: appId, privateKey: await readPrivateKey(privateKey) });
    jwt = { text: signed.token, expiresAtMs: signed.expiration * 1000 };
    return jwt.text;
  }

  async function installationToken(id: number, permissions: Permissions): Promise<string> {
    const name = tokenName(id, permissions);
    const known = tokens.get(name);
    if (known !== undefined && known.expiresAtMs - TOKEN_SLACK_MS > now().getTime()) return known.text;
    const { data } = await request("POST /app/installations/{installation_id}/access_tokens", {
      installation_id: id,
      permissions,
      headers: { authorization: `bearer ${await appJwt()}` },
      request: { fetch: fetcher, signal: AbortSignal.timeout(GITHUB_TIMEOUT_MS) },
    });
    const { token, expires_at } = v.parse(tokenAnswer, data);
    tokens.set(name, { text: token, expiresAtMs: Date.parse(expires_at) });
    return token;
  }

  async function authorization(credential: Credential, route: string): Promise<string> {
    switch (credential.kind) {
      case "token":
        return `bearer ${config.token ?? ""}`;
      case "app":
        return `bearer ${await appJwt()}`;
      case "installation":
        return `bearer ${await installationToken(credential.id, permissionsFor(route))}`;
    }
  }

  async function attempt(
    credential: Credential,
    route: string,
    parameters: object,
    etag: string | undefined,
  ): Promise<GitHubAnswer> {
    try {
      const { data, headers } = await request(route, {
        ...parameters,
        headers: {
          authorization: await authorization(credential, route),
          ...(etag === undefined ? {} : { "if-none-match": etag }),
        },
        request: { fetch: fetcher, signal: AbortSignal.timeout(GITHUB_TIMEOUT_MS) },
      });
      const nowMs = now().getTime();
      return {
        ok: true,
        data,
        unchanged: false,
        etag: headers.etag,
        link: headers.link,
        limitedUntilMs: resetOf(headers, nowMs),
        quota: quotaOf(headers, nowMs),
      };
    } catch (thrown) {
      const headers = unchangedHeaders(thrown);
      if (etag !== undefined && headers !== undefined) {
        return { ...UNCHANGED, etag, quota: quotaOf(headers, now().getTime()) };
      }
      return { ok: false, failure: githubFailure(thrown, now().getTime()) };
    }
  }

  return {
    /** With an App, checks are reported as check runs; with a token, as commit statuses; with neither, not at all. */
    mode: modeOf(config),
    hasToken: config.token !== undefined,
    /**
     * Makes one request.
     * @param route as GitHub documents it: `POST /repos/{owner}/{repo}/check-runs`
     * @param parameters those of the path by their names, and all others
     * @param etag of an earlier answer. If nothing has changed since, GitHub counts no request against the hourly limit
     *   (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api)
     */
    async call(
      credential: Credential,
      route: string,
      parameters: object,
      etag?: string,
    ): Promise<GitHubAnswer> {
      const name =
        credential.kind === "installation" ? tokenName(credential.id, permissionsFor(route)) : undefined;
      const used = name === undefined ? undefined : tokens.get(name);
      const answer = await attempt(credential, route, parameters, etag);
      if (answer.ok || answer.failure.class !== "credentials" || name === undefined || used === undefined)
        return answer;
      // A token can expire early, if the App's permissions change. Try once with a new one, which another request may
      // have got meanwhile.
      if (tokens.get(name) === used) tokens.delete(name);
      return attempt(credential, route, parameters, etag);
    },
  };
}

const UNCHANGED = {
  ok: true,
  data: undefined,
  unchanged: true,
  link: undefined,
  limitedUntilMs: undefined,
} as const;

/** Not for single repositories: a token lists at most 500, and an installation may have more. */
const tokenName = (id: number, permissions: Permissions): string => `${id} ${JSON.stringify(permissions)}`;

/** Half of an App's credentials is a mistake to report, not a wish for no reports. */
function modeOf({ token, appId, privateKey }: GitHubConfig): "app" | "token" | "none" {
  if (privateKey !== undefined || (appId !== undefined && token === undefined)) return "app";
  return token === undefined ? "none" : "token";
}
