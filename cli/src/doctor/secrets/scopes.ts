/** Do the webhook secrets that are bound to repositories sign for those that the gateway knows? */
import { labeledSecrets } from "@webhook-gateway/shared/config/labeled-secrets.ts";
import type { WebhookSecret } from "@webhook-gateway/shared/config/secret.ts";
import { repositoryMatcher } from "@webhook-gateway/shared/routing/routing-policy.ts";
import * as v from "valibot";
import { type KnownRepository, listRepositories } from "../../cloudflare/databases.ts";
import type { Settings } from "../../project/project.ts";
import { type Check, WRANGLER_TIMEOUT_MS } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { databaseArguments } from "../database.ts";
import { ok, type Report, warn } from "../finding.ts";

const NAME = "webhook secrets by label";
const MAX_NAMES = 5;

/** Of what is known here; none if it cannot be read. */
export function secretsByLabel(settings: Settings): WebhookSecret[] {
  const read = v.safeParse(labeledSecrets, settings.GITHUB_WEBHOOK_SECRETS);
  return read.success ? read.output : [];
}

export function scopeChecks(context: CheckContext): Check[] {
  const secrets = secretsByLabel(context.settings);
  if (secrets.length === 0) return [];
  const scopes = secrets.map(
    ({ label, repositories }) => `${label} signs for ${repositories?.join(", ") ?? "every repository"}`,
  );
  const listed: Check = { name: NAME, run: async () => [ok(scopes.join("; "))] };
  if (secrets.every(({ repositories }) => repositories === undefined)) return [listed];
  return [
    listed,
    {
      name: NAME,
      timeoutMs: WRANGLER_TIMEOUT_MS,
      run: async (signal) =>
        judge(secrets, await listRepositories(context.wrangler, databaseArguments(context), signal)),
    },
  ];
}

/** `GITHUB_WEBHOOK_SECRET` signs for all, so only a hook that has another secret can be left out. */
function judge(secrets: readonly WebhookSecret[], known: readonly KnownRepository[]): Report[] {
  return secrets.flatMap(({ label, repositories: globs }) => {
    if (globs === undefined) return [];
    const idle = globs.filter((glob) => {
      const matches = repositoryMatcher([glob]);
      return !known.some(({ repository }) => matches(repository));
    });
    const matches = repositoryMatcher(globs);
    const left = known.flatMap(({ repository, secret }) =>
      secret === label && !matches(repository) ? [repository] : [],
    );
    return [
      ...idle.map((glob) =>
        warn(
          `${label}: ${glob} matches no known repository`,
          "check the spelling; a repository is known after its first delivery",
        ),
      ),
      ...(left.length === 0
        ? []
        : [
            warn(
              `${label} signed the last delivery of ${namesOf(left)}, but does not sign for it now`,
              `add it to the repositories of ${label}, or set another secret in its hook`,
            ),
          ]),
    ];
  });
}

const namesOf = (names: readonly string[]): string =>
  names.length <= MAX_NAMES
    ? names.join(", ")
    : `${names.slice(0, MAX_NAMES).join(", ")} and ${names.length - MAX_NAMES} more`;
