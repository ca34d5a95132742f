/** Can the gateway reach GitHub, and do what it needs there? */
import * as v from "valibot";
import { putSecretCommand } from "../../cloudflare/wrangler-command.ts";
import { GatewayError } from "../../exit.ts";
import type { Check } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { collect, fail, named, ok, type Report, skipped, warn } from "../finding.ts";
import { getJson } from "../http.ts";
import { type GitHubClient, openGitHub } from "./client.ts";
import { grantFix, ignoredEvents, missingEvents } from "./events.ts";
import { APP_PERMISSIONS, hookPermissions, isGiven, permissionText } from "./permissions.ts";

const app = v.object({
  slug: v.optional(v.string(), ""),
  permissions: v.record(v.string(), v.string()),
  events: v.array(v.string()),
});

export const githubAccessChecks = (context: CheckContext): Check[] => [
  { name: "GitHub API", run: async (signal) => [await checkReachable(context, signal)] },
  { name: "GitHub credentials", run: async () => checkCredentials(context, openGitHub(context)) },
];

async function checkReachable(context: CheckContext, signal: AbortSignal): Promise<Report> {
  const { apiUrl, mode } = openGitHub(context);
  // Without credentials the gateway never calls GitHub.
  const bad = mode === "none" ? warn : fail;
  try {
    // Counts against no limit. An Enterprise Server without limits answers 404.
    const { status, body } = await getJson(`${apiUrl}/rate_limit`, signal);
    if (status < 500 && body !== undefined) return ok(`${apiUrl} answers`);
    return bad(`${apiUrl} answers ${status}`, "check githubstatus.com and GITHUB_API_URL");
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return bad(thrown.message, "check GITHUB_API_URL and the network");
  }
}

async function checkCredentials(context: CheckContext, github: GitHubClient): Promise<Report[]> {
  switch (github.mode) {
    case "app":
      return (await checkApp(github)).map((found) => named("GitHub App", found));
    case "token":
      return [named("GitHub token", await checkToken(context, github))];
    case "none":
      return [
        skipped(
          "neither GITHUB_TOKEN nor GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY are set here",
          "to check them, set the consumer's in the environment",
        ),
      ];
  }
}

/** GitHub lists scopes for classic tokens only. */
async function checkToken({ environment }: CheckContext, github: GitHubClient): Promise<Report> {
  const answer = await github.call({ kind: "token" }, "GET /rate_limit");
  if (!answer.ok) {
    const { class: failure, error } = answer.failure;
    if (failure !== "credentials") return skipped(error);
    const command = putSecretCommand("GITHUB_TOKEN", "consumer", environment);
    return fail(`it is refused: ${error}`, `create a new one: ${command}`);
  }
  const header = github.headers().get("x-oauth-scopes");
  if (header === null) {
    const needed = "Commit statuses: write, Pull requests: write, Metadata: read";
    return skipped("GitHub does not list the permissions of such a token", `it needs ${needed}`);
  }
  const scopes = header.split(",").map((scope) => scope.trim());
  if (scopes.includes("repo") || scopes.includes("public_repo"))
    return ok(`its scopes are ${scopes.join(", ")}`);
  return scopes.includes("repo:status")
    ? warn("it can only post statuses: /validate gets no reaction", "give it the scope repo")
    : fail("it cannot post commit statuses", "give it the scope repo, or repo:status");
}

async function checkApp(github: GitHubClient): Promise<Report[]> {
  const answer = await github.call({ kind: "app" }, "GET /app");
  if (!answer.ok) {
    const { class: failure, error } = answer.failure;
    if (failure !== "credentials" && failure !== "missing") return [skipped(error)];
    const fix = "check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong together, and the clock";
    return [fail(error, fix)];
  }
  const parsed = v.safeParse(app, answer.data);
  if (!parsed.success) return [skipped("unexpected answer from GitHub")];
  const { slug, permissions, events } = parsed.output;
  const settings = "the App's settings, Permissions & events";
  // With a token, the token reads the hooks of organizations and repositories.
  const needed = [...APP_PERMISSIONS, ...(github.hasToken ? [] : hookPermissions(github.hooks))];
  const missing = needed.filter((permission) => !isGiven(permissions, permission));
  const findings = collect(
    missing.length > 0 &&
      fail(`it is missing ${missing.map(permissionText).join(", ")}`, grantFix(settings, missing)),
    // If its own hook is not watched, deliveries come through another one.
    github.hooks.some(({ name }) => name === "app") &&
      missingEvents(events, { permissions, pushes: github.pushes }, settings),
    ignoredEvents(events, settings),
  );
  return findings.some(({ status }) => status === "fail")
    ? findings
    : [ok(`${slug} has all permissions that it needs`), ...findings];
}
