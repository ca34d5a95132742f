/** May the gateway do at GitHub what it has to? */
import * as v from "valibot";
import { wranglerCommand } from "../../cloudflare/wrangler-command.ts";
import { GatewayError } from "../../exit.ts";
import type { Check } from "../check.ts";
import type { Place } from "../context.ts";
import { type Finding, fail, ok, skipped, warn } from "../finding.ts";
import { askHttp } from "../http.ts";
import { type GitHubAccess, openGitHub } from "./client.ts";
import { grantMend, missingEvents } from "./events.ts";
import { APP_PERMISSIONS, hookPermissions, isGiven, permissionText } from "./permissions.ts";

const API = "GitHub API";
const TOKEN = "GitHub token";
const APP = "GitHub App";

const app = v.object({
  slug: v.optional(v.string(), ""),
  permissions: v.record(v.string(), v.string()),
  events: v.array(v.string()),
});

export const githubAccessChecks = (place: Place): Check[] => [
  { name: API, run: (signal) => checkReachable(place, signal) },
  { name: "GitHub credentials", run: async () => checkCredentials(place, openGitHub(place)) },
];

async function checkReachable(place: Place, signal: AbortSignal): Promise<Finding[]> {
  const { apiUrl, mode } = openGitHub(place);
  // Without credentials nothing is asked of GitHub.
  const bad = mode === "none" ? warn : fail;
  try {
    // Costs nothing of any limit. An Enterprise Server without limits says 404.
    const { status, body } = await askHttp(`${apiUrl}/rate_limit`, signal);
    if (status < 500 && body !== undefined) return [ok(API, `${apiUrl} answers`)];
    return [bad(API, `${apiUrl} answers ${status}`, "look at githubstatus.com, and at GITHUB_API_URL")];
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return [bad(API, thrown.message, "check GITHUB_API_URL, and the way to it")];
  }
}

async function checkCredentials(place: Place, github: GitHubAccess): Promise<Finding[]> {
  switch (github.mode) {
    case "app":
      return checkApp(github);
    case "token":
      return checkToken(place, github);
    case "none":
      return [
        skipped(
          "GitHub credentials",
          "neither GITHUB_TOKEN nor GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY are set here",
          "set those that the consumer has in the environment, to have them checked",
        ),
      ];
  }
}

/** Scopes are told of classic tokens only. */
async function checkToken({ environment }: Place, github: GitHubAccess): Promise<Finding[]> {
  const answer = await github.ask({ kind: "token" }, "GET /rate_limit");
  if (!answer.ok) {
    const { class: failure, error } = answer.failure;
    if (failure !== "credentials") return [skipped(TOKEN, error)];
    return [
      fail(
        TOKEN,
        `it is refused: ${error}`,
        `make a new one: ${wranglerCommand(`secret put GITHUB_TOKEN -c wrangler.consumer.toml --env ${environment}`)}`,
      ),
    ];
  }
  const header = github.headers().get("x-oauth-scopes");
  if (header === null) {
    const needed = "Commit statuses: write, Pull requests: write, Metadata: read";
    return [skipped(TOKEN, "GitHub does not tell the permissions of such a token", `it needs ${needed}`)];
  }
  const scopes = header.split(",").map((scope) => scope.trim());
  const all = ["repo", "public_repo"].some((scope) => scopes.includes(scope));
  if (all) return [ok(TOKEN, `its scopes are ${scopes.join(", ")}`)];
  if (scopes.includes("repo:status")) {
    return [warn(TOKEN, "it may post statuses only: /validate gets no reaction", "give it the scope repo")];
  }
  return [fail(TOKEN, "it may not post commit statuses", "give it the scope repo, or repo:status")];
}

async function checkApp(github: GitHubAccess): Promise<Finding[]> {
  const answer = await github.ask({ kind: "app" }, "GET /app");
  if (!answer.ok) {
    const { class: failure, error } = answer.failure;
    const refused = failure === "credentials" || failure === "missing";
    if (!refused) return [skipped(APP, error)];
    const mend = "check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong together, and the clock";
    return [fail(APP, error, mend)];
  }
  const parsed = v.safeParse(app, answer.data);
  if (!parsed.success) return [skipped(APP, "GitHub's answer is not understood")];
  const { slug, permissions, events } = parsed.output;
  const settings = "the App's settings, Permissions & events";
  // Where there is a token, it is that which reads the hooks of others.
  const needed = [...APP_PERMISSIONS, ...(github.hasToken ? [] : hookPermissions(github.hooks))];
  const missing = needed.filter((permission) => !isGiven(permissions, permission));
  const findings = [
    ...(missing.length > 0
      ? [fail(APP, `it lacks ${missing.map(permissionText).join(", ")}`, grantMend(settings, missing))]
      : []),
    // Where its hook is not looked after, deliveries come another way.
    ...(github.hooks.some(({ name }) => name === "app")
      ? missingEvents(events, { permissions, pushes: github.pushes }, APP, settings)
      : []),
  ];
  return findings.some(({ status }) => status === "fail")
    ? findings
    : [ok(APP, `${slug} has the permissions that are needed`), ...findings];
}
