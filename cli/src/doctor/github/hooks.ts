/** Does GitHub send this gateway what it needs, and did the last delivery arrive? */
import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import * as v from "valibot";
import { type Check, Unchecked } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { fail, ok, problemsOr, type Report, skipped, warn } from "../finding.ts";
import { type GitHubClient, openGitHub } from "./client.ts";
import { ignoredEvents, missingEvents } from "./events.ts";
import { credentialOf, dataOf, parametersOf, settingsOf } from "./hook-access.ts";
import { hookConfig, judgeConfig, judgeDelivery } from "./hook-settings.ts";

const hookAnswer = v.object({ active: v.boolean(), events: v.array(v.string()), config: hookConfig });

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
