/** The deliveries of one hook. GitHub keeps them for three days. */

import { type Credential, type GitHubAnswer, rateLimitsOf } from "@webhook-gateway/shared/github/client.ts";
import type { GitHubFailure } from "@webhook-gateway/shared/github/failure.ts";
import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import {
  type HookDelivery,
  hookDelivery,
  nextCursor,
  payloadOf,
} from "@webhook-gateway/shared/github/hook-delivery.ts";
import * as v from "valibot";
import { type AskDeps, answerOf, askInstallation, READ, readAnswer } from "../github/ask.ts";
import { type Cost, WRITE_POINTS } from "../github/budget.ts";
import { type Refused, sendWithinBudgets } from "../github/send.ts";

export interface Page {
  /** Newest first. */
  readonly deliveries: readonly HookDelivery[];
  /** Of the next page; null if there is none. */
  readonly next: string | null;
}

const PAGE_SIZE = 100;
const WRITE: Cost = { points: WRITE_POINTS, creates: false, minor: true, background: true };

/** Reads under one credential. Every method throws {@link GitHubError} if GitHub or its limits refuse. */
export async function openHook(deps: AskDeps, hook: Hook) {
  const credential = await credentialOf(deps, hook);

  async function ask(calls: readonly { route: string; parameters: object; cost: Cost }[]) {
    const sendings = calls.map(({ route, parameters, cost }) => ({
      credential,
      cost,
      perform: () => deps.github.call(credential, route, { ...placeOf(hook, route), ...parameters }),
    }));
    return sendWithinBudgets(deps, sendings, rateLimitsOf);
  }

  return {
    /** @param failed only failed deliveries, which GitHub can list for some hooks */
    async list(failed: boolean, cursor: string | null): Promise<Page> {
      const parameters = {
        per_page: PAGE_SIZE,
        ...(failed ? { status: "failure" } : {}),
        ...(cursor === null ? {} : { cursor }),
      };
      const [answer] = (await ask([{ route: `GET ${hook.path}`, parameters, cost: READ }])).map(answerOf);
      return { deliveries: readAnswer(v.array(hookDelivery), answer?.data), next: nextCursor(answer?.link) };
    },

    /** The payloads of deliveries, in their order; null if GitHub no longer has one. */
    async payloads(ids: readonly string[]): Promise<readonly (Readonly<Record<string, unknown>> | null)[]> {
      const route = `GET ${hook.path}/{delivery_id}`;
      const answers = await ask(
        ids.map((delivery_id) => ({ route, parameters: { delivery_id }, cost: READ })),
      );
      return answers.map((answer) => {
        if (isFailure(answer, "missing")) return null;
        return payloadOf(answerOf(answer).data);
      });
    },

    /** Asks GitHub to deliver again. @returns why it will not, in their order; null if it will */
    async redeliver(ids: readonly string[]): Promise<readonly (string | null)[]> {
      const route = `POST ${hook.path}/{delivery_id}/attempts`;
      const answers = await ask(
        ids.map((delivery_id) => ({ route, parameters: { delivery_id }, cost: WRITE })),
      );
      return answers.map((answer) => {
        if (isFailure(answer, "missing", "permission", "permanent")) return answer.failure.error;
        answerOf(answer);
        return null;
      });
    },
  };
}

async function credentialOf(deps: AskDeps, hook: Hook): Promise<Credential> {
  if (hook.installationPath === null) return { kind: "app" };
  if (deps.github.hasToken) return { kind: "token" };
  const route = `GET ${hook.installationPath}`;
  return askInstallation(deps, route, placeOf(hook, route));
}

/** A parameter that is not in the route's path would become part of the query. */
const placeOf = ({ owner, repo, hook_id }: Hook, route: string) =>
  Object.fromEntries(
    Object.entries({ owner, repo, hook_id }).filter(([name]) => route.includes(`{${name}}`)),
  );

const isFailure = (
  answer: GitHubAnswer | Refused,
  ...classes: GitHubFailure["class"][]
): answer is Extract<GitHubAnswer, { ok: false }> =>
  !("refusedUntilMs" in answer) && !answer.ok && classes.includes(answer.failure.class);
