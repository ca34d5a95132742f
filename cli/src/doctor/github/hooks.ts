/** Does GitHub send to this gateway what it has to, and did the last delivery arrive? */

import type { Credential, GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import * as v from "valibot";
import { GatewayError } from "../../exit.ts";
import { type Check, Unchecked } from "../check.ts";
import type { Place } from "../context.ts";
import { type Finding, fail, ok, skipped, warn } from "../finding.ts";
import { type GitHubAccess, openGitHub } from "./client.ts";
import { missingEvents } from "./events.ts";
import { hookConfig, judgeConfig, judgeDelivery } from "./hook-settings.ts";
import { HOOK_PERMISSIONS, permissionText } from "./permissions.ts";

const hookAnswer = v.object({ active: v.boolean(), events: v.array(v.string()), config: hookConfig });
const installation = v.object({ id: v.number() });

/** One check for each hook that RECONCILE_HOOKS names. */
export function hookChecks(place: Place): Check[] {
  let github: GitHubAccess;
  try {
    github = openGitHub(place);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return [{ name: "hooks", run: () => Promise.reject(thrown) }];
  }
  if (github.hooks.length === 0) return [{ name: "hooks", run: async () => [NO_HOOKS] }];
  return github.hooks.map((hook) => ({
    name: `hook ${hook.name}`,
    run: () => checkHook(place, github, hook),
  }));
}

const NO_HOOKS = warn(
  "hooks",
  "RECONCILE_HOOKS names none: lost deliveries are not recovered, and no hook's settings can be checked",
  "set it: org:<login>/<hook id>, repo:<owner>/<repo>/<hook id> or app",
);

async function checkHook(place: Place, github: GitHubAccess, hook: Hook): Promise<Finding[]> {
  const check = `hook ${hook.name}`;
  const isApp = hook.installationPath === null;
  const credential = await credentialOf(github, hook);
  const route = `GET ${isApp ? "/app/hook/config" : hook.path.replace(/\/deliveries$/, "")}`;
  const data = dataOf(await github.ask(credential, route, placeOf(hook, route)));
  const parsed = v.safeParse(
    isApp ? v.object({ config: hookConfig }) : hookAnswer,
    isApp ? { config: data } : data,
  );
  if (!parsed.success) return [skipped(check, "GitHub's answer is not understood")];
  const list = `GET ${hook.path}`;
  const answer = await github.ask(credential, list, { ...placeOf(hook, list), per_page: 1 });
  const found = parsed.output;
  const mend = settingsOf(github, hook);
  const problems = [
    ...judgeConfig(place, found.config, check, mend),
    ...("active" in found && !found.active ? [fail(check, "it is not active", mend)] : []),
    ...("events" in found ? missingEvents(found.events, { pushes: github.pushes }, check, mend) : []),
    ...judgeDelivery(answer, check, mend),
  ];
  return problems.length > 0
    ? problems
    : [ok(check, `sends to ${found.config.url}; the last delivery arrived`)];
}

/** As the consumer chooses: the App for its own hook, else the token, else the App's installation. */
async function credentialOf(github: GitHubAccess, hook: Hook): Promise<Credential> {
  if (github.mode === "none") {
    throw new Unchecked(
      "no credentials for GitHub are set here",
      "set those of the consumer in the environment",
    );
  }
  if (hook.installationPath === null) return { kind: "app" };
  if (github.hasToken) return { kind: "token" };
  const route = `GET ${hook.installationPath}`;
  const answer = await github.ask({ kind: "app" }, route, placeOf(hook, route));
  const parsed = v.safeParse(installation, dataOf(answer));
  if (!parsed.success) throw new GatewayError("GitHub's answer is not understood");
  return { kind: "installation", id: parsed.output.id };
}

/** What the route has a place for: anything else would be sent as a query. */
const placeOf = ({ owner, repo, hook_id }: Hook, route: string): object =>
  Object.fromEntries(
    Object.entries({ owner, repo, hook_id }).filter(([name]) => route.includes(`{${name}}`)),
  );

/** @throws GatewayError where GitHub refuses */
function dataOf(answer: GitHubAnswer): unknown {
  if (answer.ok) return answer.data;
  const { class: failure, error } = answer.failure;
  if (failure !== "missing" && failure !== "permission") throw new GatewayError(error);
  throw new Unchecked(
    `${error}: it is not there, or these credentials may not read it`,
    "check RECONCILE_HOOKS; a token needs admin:org_hook or read:repo_hook, an App " +
      Object.values(HOOK_PERMISSIONS).map(permissionText).join(" or "),
  );
}

/** Where a person changes it. */
function settingsOf({ apiUrl }: GitHubAccess, { installationPath, owner, repo, hook_id: id }: Hook): string {
  const site = apiUrl === "https://api.github.com" ? "https://github.com" : (URL.parse(apiUrl)?.origin ?? "");
  if (installationPath === null) return "the App's settings, Webhook";
  return repo === ""
    ? `${site}/organizations/${owner}/settings/hooks/${id}`
    : `${site}/${owner}/${repo}/settings/hooks/${id}`;
}
