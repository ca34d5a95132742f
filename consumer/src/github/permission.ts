/** Asks GitHub who may write to a repository, and remembers the answers for minutes. */
import { mayWrite } from "@webhook-gateway/shared/domain/trust.ts";
import { type GitHubFailure, UNREADABLE_ANSWER } from "@webhook-gateway/shared/github/failure.ts";
import * as v from "valibot";
import { READ_POINTS } from "./budget.ts";
import {
  type Answered,
  type CredentialDeps,
  type InstalledRepository,
  NOT_INSTALLED,
  sendForEach,
} from "./installation.ts";
import type { Refused } from "./send.ts";

/** A person and a repository. */
export interface Asked extends InstalledRepository {
  readonly login: string;
}

/** Whether the person may write to it, or why that is not known. */
export type Permission = { readonly mayWrite: boolean } | GitHubFailure | Refused;

export interface AskedPermission {
  readonly permission: Permission;
  /** Null: GitHub was not asked. */
  readonly answered: Answered | null;
}

/** Who was asked for, and until when the answer counts. It lives as long as the isolate. */
export type Permissions = Map<string, { readonly mayWrite: boolean; readonly untilMs: number }>;

/** Somebody who has lost the permission keeps it here for no longer. */
const KEPT_MS = 2 * 60_000;
const MAX_KEPT = 1000;

/** The question. */
export const PERMISSION = {
  route: "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
  cost: { points: READ_POINTS, creates: false, minor: false },
} as const;
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
    else answers.set(keyOf(item), { permission: { mayWrite: kept.mayWrite }, answered: null });
  }
  const asked = await sendForEach(deps, [...open.values()], PERMISSION, ({ login }) => ({ username: login }));
  for (const [item, answered] of asked) {
    const permission = permissionOf(answered);
    answers.set(keyOf(item), { permission, answered });
    if ("mayWrite" in permission) keep(deps.permissions, keyOf(item), permission.mayWrite, nowMs);
  }
  return new Map(
    items.flatMap((item) => {
      const answer = answers.get(keyOf(item));
      return answer === undefined ? [] : [[item, answer] as const];
    }),
  );
}

function permissionOf({ answer }: Answered): Permission {
  if ("refusedUntilMs" in answer) return answer;
  if (!answer.ok) {
    const { failure } = answer;
    // Whom GitHub does not know has no permission.
    return failure.class === "missing" && failure !== NOT_INSTALLED ? { mayWrite: false } : failure;
  }
  const parsed = v.safeParse(answerBody, answer.data);
  return parsed.success ? { mayWrite: mayWrite(parsed.output.permission) } : UNREADABLE_ANSWER;
}

function keep(permissions: Permissions, key: string, allowed: boolean, nowMs: number): void {
  if (permissions.size >= MAX_KEPT) permissions.clear();
  permissions.set(key, { mayWrite: allowed, untilMs: nowMs + KEPT_MS });
}

const keyOf = ({ repository_id, login }: Asked): string => `${repository_id} ${login.toLowerCase()}`;
