/** Does GitHub send this gateway what it needs, and did the last delivery arrive? */
import type { Credential, GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import * as v from "valibot";
import { GatewayError } from "../../exit.ts";
import { type Check, Unchecked } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { fail, ok, problemsOr, type Report, skipped, warn } from "../finding.ts";
import { type GitHubClient, openGitHub } from "./client.ts";
import { ignoredEvents, missingEvents } from "./events.ts";
import { hookConfig, judgeConfig, judgeDelivery } from "./hook-settings.ts";
import { HOOK_PERMISSIONS, permissionText } from "./permissions.ts";

const hookAnswer = v.object({ active: v.boolean(), events: v.array(v.string()), config: hookConfig });
const installation = v.object({ id: v.number() });

/** One check for each hook that RECONCILE_HOOKS names. */
export function hookChecks(context: CheckContext): Check[] {
  let github: GitHubClient;
  try {
    github = openGitHub(context);
  } catch (thrown) {
    if (!(thrown instanceof Unchecked)) throw thrown;
    return [{ name: "hooks", run: () => Promise.reject(thrown) }];
  }
  if (github.hooks.length === 0) return [{ name: "hooks", run: async () => [NO_HOOKS] }];
  return github.hooks.map((hook) => ({
    name: `hook ${hook.name}`,
    run: () => checkHook(context, github, hook),
  }));
}

const NO_HOOKS = warn(
  "RECONCILE_HOOKS is empty: lost deliveries are not recovered, and no hook's settings can be checked",
  "set it: org:<login>/<hook id>, repo:<owner>/<repo>/<hook id> or app",
);

async function checkHook(context: CheckContext, github: GitHubClient, hook: Hook): Promise<Report[]> {
  const isApp = hook.installationPath === null;
  const credential = await credentialOf(github, hook);
  const route = `GET ${isApp ? "/app/hook/config" : hook.path.replace(/\/deliveries$/, "")}`;
  const data = dataOf(await github.call(credential, route, parametersOf(hook, route)));
  const parsed = v.safeParse(
    isApp ? v.object({ config: hookConfig }) : hookAnswer,
    isApp ? { config: data } : data,
  );
  if (!parsed.success) return [skipped("unexpected answer from GitHub")];
  const list = `GET ${hook.path}`;
  const answer = await github.call(credential, list, { ...parametersOf(hook, list), per_page: 1 });
  const found = parsed.output;
  const fix = settingsOf(github, hook);
  return problemsOr(
    ok(`sends to ${found.config.url}; the last delivery arrived`),
    judgeConfig(context, found.config, fix),
    "active" in found && !found.active && fail("it is not active", fix),
    "events" in found && missingEvents(found.events, { pushes: github.pushes }, fix),
    "events" in found && ignoredEvents(found.events, fix),
    judgeDelivery(answer, fix),
  );
}

/** As the consumer chooses: the App for its own hook, else the token, else the App's installation. */
async function credentialOf(github: GitHubClient, hook: Hook): Promise<Credential> {
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
const parametersOf = ({ owner, repo, hook_id }: Hook, route: string): object =>
  Object.fromEntries(
    Object.entries({ owner, repo, hook_id }).filter(([name]) => route.includes(`{${name}}`)),
  );

/** @throws GatewayError if GitHub refuses */
function dataOf(answer: GitHubAnswer): unknown {
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
function settingsOf({ apiUrl }: GitHubClient, { installationPath, owner, repo, hook_id: id }: Hook): string {
  const site = apiUrl === "https://api.github.com" ? "https://github.com" : (URL.parse(apiUrl)?.origin ?? "");
  if (installationPath === null) return "the App's settings, Webhook";
  return repo === ""
    ? `${site}/organizations/${owner}/settings/hooks/${id}`
    : `${site}/${owner}/${repo}/settings/hooks/${id}`;
}
