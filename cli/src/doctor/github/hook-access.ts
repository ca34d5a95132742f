/** Reading a hook at GitHub, with the credentials that are set here. */
import type { Credential, GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import * as v from "valibot";
import { GatewayError } from "../../exit.ts";
import { Unchecked } from "../check.ts";
import type { GitHubClient } from "./client.ts";
import { HOOK_PERMISSIONS, permissionText } from "./permissions.ts";

const installation = v.object({ id: v.number() });

/** As the consumer chooses: the App for its own hook, else the token, else the App's installation. */
export async function credentialOf(github: GitHubClient, hook: Hook): Promise<Credential> {
  if (github.mode === "none")
    throw new Unchecked("no credentials for GitHub are set here", "set the consumer's in the environment");
  if (hook.installationPath === null) return { kind: "app" };
  if (github.hasToken) return { kind: "token" };
  const route = `GET ${hook.installationPath}`;
  const answer = await github.call({ kind: "app" }, route, parametersOf(hook, route));
  const parsed = v.safeParse(installation, dataOf(answer));
  if (!parsed.success) throw new GatewayError("unexpected answer from GitHub");
  return { kind: "installation", id: parsed.output.id };
}

/** The parameters that the route names: any other one would be sent as a query. */
export const parametersOf = ({ owner, repo, hook_id }: Hook, route: string): object =>
  Object.fromEntries(
    Object.entries({ owner, repo, hook_id }).filter(([name]) => route.includes(`{${name}}`)),
  );

/** @throws GatewayError if GitHub refuses */
export function dataOf(answer: GitHubAnswer): unknown {
  if (answer.ok) return answer.data;
  const { class: failure, error } = answer.failure;
  if (failure !== "missing" && failure !== "permission") throw new GatewayError(error);
  throw new Unchecked(
    `${error}: it does not exist, or these credentials may not read it`,
    "check RECONCILE_HOOKS; a token needs admin:org_hook or read:repo_hook, an App " +
      Object.values(HOOK_PERMISSIONS).map(permissionText).join(" or "),
  );
}

/** Where a person changes it. */
export function settingsOf(
  { apiUrl }: GitHubClient,
  { installationPath, owner, repo, hook_id: id }: Hook,
): string {
  const site = apiUrl === "https://api.github.com" ? "https://github.com" : (URL.parse(apiUrl)?.origin ?? "");
  if (installationPath === null) return "the App's settings, Webhook";
  return repo === ""
    ? `${site}/organizations/${owner}/settings/hooks/${id}`
    : `${site}/${owner}/${repo}/settings/hooks/${id}`;
}
