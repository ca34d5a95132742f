/** Can the gateway reach GitHub, and do what it needs there? */
import * as v from "valibot";
import { putSecretCommand } from "../../cloudflare/wrangler-command.ts";
import { GatewayError } from "../../exit.ts";
import type { Check } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { collect, type Finding, fail, ok, skipped, warn } from "../finding.ts";
import { getJson } from "../http.ts";
import { type GitHubClient, openGitHub } from "./client.ts";
import { grantFix, ignoredEvents, missingEvents } from "./events.ts";
import { APP_PERMISSIONS, hookPermissions, isGiven, permissionText } from "./permissions.ts";

const API = "GitHub API";
const TOKEN = "GitHub token";
const APP = "GitHub App";

const app = v.object({
  slug: v.optional(v.string(), ""),
  permissions: v.record(v.string(), v.string()),
  events: v.array(v.string()),
});

export const githubAccessChecks = (context: CheckContext): Check[] => [
  { name: API, run: async (signal) => [await checkReachable(context, signal)] },
  { name: "GitHub credentials", run: async () => checkCredentials(context, openGitHub(context)) },
];

async function checkReachable(context: CheckContext, signal: AbortSignal): Promise<Finding> {
  const { apiUrl, mode } = openGitHub(context);
  // Without credentials the gateway never calls GitHub.
  const bad = mode === "none" ? warn : fail;
  try {
    // Counts against no limit. An Enterprise Server without limits answers 404.
    const { status, body } = await getJson(`${apiUrl}/rate_limit`, signal);
    if (status < 500 && body !== undefined) return ok(API, `${apiUrl} answers`);
    return bad(API, `${apiUrl} answers ${status}`, "check githubstatus.com and GITHUB_API_URL");
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return bad(API, thrown.message, "check GITHUB_API_URL and the network");
  }
}

async function checkCredentials(context: CheckContext, github: GitHubClient): Promise<Finding[]> {
  switch (github.mode) {
    case "app":
      return checkApp(github);
    case "token":
      return [await checkToken(context, github)];
    case "none":
      return [
        skipped(
          "GitHub credentials",
          "neither GITHUB_TOKEN nor GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY are set here",
          "to check them, set the consumer's in the environment",
        ),
      ];
  }
}

/** GitHub lists scopes for classic tokens only. */
async function checkToken({ environment }: CheckContext, github: GitHubClient): Promise<Finding> {
  const answer = await github.call({ kind: "token" }, "GET /rate_limit");
  if (!answer.ok) {
    const { class: failure, error } = answer.failure;
    if (failure !== "credentials") return skipped(TOKEN, error);
    const command = putSecretCommand("GITHUB_TOKEN", "consumer", environment);
    return fail(TOKEN, `it is refused: ${error}`, `create a new one: ${command}`);
  }
  const header = github.headers().get("x-oauth-scopes");
  if (header === null) {
    const needed = "Commit statuses: write, Pull requests: write, Metadata: read";
    return skipped(TOKEN, "GitHub does not list the permissions of such a token", `it needs ${needed}`);
  }
  const scopes = header.split(",").map((scope) => scope.trim());
  if (scopes.includes("repo") || scopes.includes("public_repo"))
    return ok(TOKEN, `its scopes are ${scopes.join(", ")}`);
  return scopes.includes("repo:status")
    ? warn(TOKEN, "it can only post statuses: /validate gets no reaction", "give it the scope repo")
    : fail(TOKEN, "it cannot post commit statuses", "give it the scope repo, or repo:status");
}

async function checkApp(github: GitHubClient): Promise<Finding[]> {
  const answer = await github.call({ kind: "app" }, "GET /app");
  if (!answer.ok) {
    const { class: failure, error } = answer.failure;
    if (failure !== "credentials" && failure !== "missing") return [skipped(APP, error)];
    const fix = "check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong together, and the clock";
    return [fail(APP, error, fix)];
  }
  const parsed = v.safeParse(app, answer.data);
  if (!parsed.success) return [skipped(APP, "unexpected answer from GitHub")];
  const { slug, permissions, events } = parsed.output;
  const settings = "the App's settings, Permissions & events";
  // With a token, the token reads the hooks of organizations and repositories.
  const needed = [...APP_PERMISSIONS, ...(github.hasToken ? [] : hookPermissions(github.hooks))];
  const missing = needed.filter((permission) => !isGiven(permissions, permission));
  const findings = collect(
    missing.length > 0 &&
      fail(APP, `it is missing ${missing.map(permissionText).join(", ")}`, grantFix(settings, missing)),
    // If its own hook is not watched, deliveries come through another one.
    github.hooks.some(({ name }) => name === "app") &&
      missingEvents(events, { permissions, pushes: github.pushes }, APP, settings),
    ignoredEvents(events, APP, settings),
  );
  return findings.some(({ status }) => status === "fail")
    ? findings
    : [ok(APP, `${slug} has all permissions that it needs`), ...findings];
}
