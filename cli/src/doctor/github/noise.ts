/** What hooks deliver and the gateway always ignores, counted in GitHub's lists of deliveries. */
import type { GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import { type HookDelivery, hookDelivery, nextCursor } from "@webhook-gateway/shared/github/hook-delivery.ts";
import { isIgnored, isRouted } from "@webhook-gateway/shared/routing/routing.ts";
import * as v from "valibot";
import { GatewayError } from "../../exit.ts";
import type { CheckContext } from "../context.ts";
import { type GitHubClient, openGitHub } from "./client.ts";
import { credentialOf, dataOf, parametersOf, settingsOf } from "./hook-access.ts";

export interface NoiseItem {
  readonly hook: string;
  readonly event: string;
  readonly action: string | null;
  readonly deliveries: number;
  /** All deliveries of the hook that were looked at. */
  readonly of: number;
  /** The time of the oldest of those. */
  readonly since: string;
  /** Null: GitHub sends the event with all its actions, and others of them are used. */
  readonly fix: string | null;
}

const PAGE_SIZE = 100;
const MAX_PAGES = 20;

/** The most frequent first. @throws GatewayError if a list cannot be read */
export async function findNoise(context: CheckContext, since: string): Promise<NoiseItem[]> {
  const github = openGitHub(context);
  if (github.hooks.length === 0)
    throw new GatewayError("RECONCILE_HOOKS is empty: no hook's deliveries can be listed");
  const found = await Promise.all(github.hooks.map((hook) => noiseOf(github, hook, since)));
  return found.flat().toSorted((a, b) => b.deliveries - a.deliveries);
}

async function noiseOf(github: GitHubClient, hook: Hook, since: string): Promise<NoiseItem[]> {
  const listed = await listDeliveries(github, hook, since);
  const isUnused = (event: string, action: string | null): boolean =>
    isIgnored(event, action) || (event === "push" && !github.pushes);
  const settings = settingsOf(github, hook);
  const unused = listed.filter(({ event, action }) => isUnused(event, action));
  return [...Map.groupBy(unused, ({ event, action }) => `${event} ${action}`).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const { event, action } = first;
    const isNeeded = isRouted(event) && event !== "push";
    return {
      ...{ hook: hook.name, event, action, deliveries: same.length, of: listed.length },
      since: listed.at(-1)?.delivered_at ?? since,
      fix: isNeeded ? null : `${settings}: unsubscribe from ${event}`,
    };
  });
}

/** The newest first, at most {@link MAX_PAGES} pages. */
async function listDeliveries(github: GitHubClient, hook: Hook, since: string): Promise<HookDelivery[]> {
  const credential = await credentialOf(github, hook);
  const route = `GET ${hook.path}`;
  const listed: HookDelivery[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const paging: object = { per_page: PAGE_SIZE, ...(cursor !== null && { cursor }) };
    const answer: GitHubAnswer = await github.call(credential, route, {
      ...parametersOf(hook, route),
      ...paging,
    });
    const parsed = v.safeParse(v.array(hookDelivery), dataOf(answer));
    if (!parsed.success) throw new GatewayError("GitHub's list of deliveries cannot be read");
    const recent = parsed.output.filter(({ delivered_at }) => delivered_at >= since);
    listed.push(...recent);
    cursor = answer.ok && recent.length === parsed.output.length ? nextCursor(answer.link) : null;
    if (cursor === null) break;
  }
  return listed;
}
