/** Asks GitHub who may write to a repository, and remembers the answers for minutes. */
import { mayWrite } from "@webhook-gateway/shared/domain/trust.ts";
import { type Credential, type GitHubAnswer, limitOf } from "@webhook-gateway/shared/github/client.ts";
import { type GitHubFailure, UNREADABLE_ANSWER } from "@webhook-gateway/shared/github/failure.ts";
import * as v from "valibot";
import { READ_POINTS } from "./budget.ts";
import { type CredentialDeps, findCredentials, type InstalledRepository } from "./installation.ts";
import { type Refused, sendWithinBudgets } from "./send.ts";

/** A person and a repository. */
export interface Asked extends InstalledRepository {
  readonly login: string;
}

/** Whether the person may write to it, or why that is not known. */
export type Permission = { readonly mayWrite: boolean } | GitHubFailure | Refused;

export interface AskedPermission {
  readonly permission: Permission;
  /** The App's own if the installation had to be asked for first; null: GitHub was not asked. */
  readonly credential: Credential | null;
}

/** Who was asked for, and until when the answer counts. It lives as long as the isolate. */
export type Permissions = Map<string, { readonly mayWrite: boolean; readonly untilMs: number }>;

/** Somebody who has lost the permission keeps it here for no longer. */
const KEPT_MS = 2 * 60_000;
const MAX_KEPT = 1000;

const ROUTE = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
const COST = { points: READ_POINTS, creates: false, minor: false };
const answerBody = v.object({ permission: v.string() });

export interface PermissionDeps extends CredentialDeps {
  readonly permissions: Permissions;
}

/** Each item has its answer. The same person and repository are asked for once. */
export async function askPermissions<Item extends Asked>(
  deps: PermissionDeps,
  items: readonly Item[],
): Promise<ReadonlyMap<Item, AskedPermission>> {
  const nowMs = deps.now().getTime();
  const answers = new Map<string, AskedPermission>();
  const open = new Map<string, Item>();
  for (const item of items) {
    const kept = deps.permissions.get(keyOf(item));
    if (kept === undefined || kept.untilMs <= nowMs) open.set(keyOf(item), item);
    else answers.set(keyOf(item), { permission: { mayWrite: kept.mayWrite }, credential: null });
  }
  for (const [key, answer] of await ask(deps, open)) {
    answers.set(key, answer);
    if ("mayWrite" in answer.permission) keep(deps.permissions, key, answer.permission.mayWrite, nowMs);
  }
  return new Map(
    items.flatMap((item) => {
      const answer = answers.get(keyOf(item));
      return answer === undefined ? [] : [[item, answer] as const];
    }),
  );
}

async function ask(deps: PermissionDeps, open: ReadonlyMap<string, Asked>) {
  const answers = new Map<string, AskedPermission>();
  const credentials = await findCredentials(deps, [...open.values()]);
  const sendings = [...open].flatMap(([key, { repository_id, repository, login }]) => {
    const found = credentials.get(repository_id);
    if (found === undefined) return [];
    if (!("credential" in found)) {
      const permission = "failure" in found ? found.failure : found;
      answers.set(key, { permission, credential: { kind: "app" } });
      return [];
    }
    const { credential } = found;
    const [owner, repo] = repository.split("/");
    const perform = () => deps.github.call(credential, ROUTE, { owner, repo, username: login });
    return [{ key, credential, cost: COST, perform }];
  });
  const sent = await sendWithinBudgets(deps, sendings, limitOf);
  sendings.forEach(({ key, credential }, index) => {
    const answer = sent[index];
    if (answer !== undefined) answers.set(key, { permission: permissionOf(answer), credential });
  });
  return answers;
}

function permissionOf(answer: GitHubAnswer | Refused): Permission {
  if ("refusedUntilMs" in answer) return answer;
  // Whom GitHub does not know has no permission.
  if (!answer.ok) return answer.failure.class === "missing" ? { mayWrite: false } : answer.failure;
  const parsed = v.safeParse(answerBody, answer.data);
  return parsed.success ? { mayWrite: mayWrite(parsed.output.permission) } : UNREADABLE_ANSWER;
}

function keep(permissions: Permissions, key: string, allowed: boolean, nowMs: number): void {
  if (permissions.size >= MAX_KEPT) permissions.clear();
  permissions.set(key, { mayWrite: allowed, untilMs: nowMs + KEPT_MS });
}

const keyOf = ({ repository_id, login }: Asked): string => `${repository_id} ${login.toLowerCase()}`;
