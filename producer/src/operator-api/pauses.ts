/** Pausing and resuming dispatch. */
import { pageOf } from "@webhook-gateway/shared/api/page.ts";
import {
  type PauseItem,
  pauseItem,
  pauseRequest,
  resumeAnswer,
  resumeRequest,
} from "@webhook-gateway/shared/api/pause.ts";
import {
  ALL_REPOSITORIES,
  endPause,
  listPauses,
  type PauseCommand,
  startPause,
} from "@webhook-gateway/shared/store/pauses.ts";
import { loadNames } from "@webhook-gateway/shared/store/repository-names.ts";
import type * as v from "valibot";
import type { Refused } from "../http/api-error.ts";
import { refuse } from "./refusal.ts";
import { answerOf, get, post, type Route } from "./route.ts";
import { type CommandDeps, notifyConsumer } from "./validation-command.ts";

/** Pauses dispatch of a repository, or of all. One that is paused gets the new time and reason. */
export async function pause(
  deps: CommandDeps,
  asked: v.InferOutput<typeof pauseRequest>,
  actor: string,
): Promise<PauseItem | Refused> {
  const command = await commandOf(deps, "pause", asked, actor);
  if ("error" in command) return command;
  const now = deps.now();
  const until =
    asked.for_seconds === undefined ? null : new Date(now.getTime() + asked.for_seconds * 1000).toISOString();
  const paused_at = now.toISOString();
  const reason = asked.reason ?? null;
  await startPause(deps.db, command, { until, reason }, paused_at);
  deps.log.info("dispatch.paused", { repository: command.target, until });
  return { repository: command.target, paused_at, until, actor, reason };
}

/** Ends a pause. What waited is dispatched at once. */
export async function resume(
  deps: CommandDeps,
  asked: v.InferOutput<typeof resumeRequest>,
  actor: string,
): Promise<{ readonly message: string; readonly repository: string | null } | Refused> {
  const command = await commandOf(deps, "resume", asked, actor);
  if ("error" in command) return command;
  const now = deps.now().toISOString();
  const what = command.target ?? "all repositories";
  const ended = await endPause(deps.db, command, now);
  const others = await listPauses(deps.db, now);
  if (!ended) return { error: { code: "not_found", message: notPaused(what, others) } };
  deps.log.info("dispatch.resumed", { repository: command.target });
  await notifyConsumer(deps);
  const all = others.some(({ repository }) => repository === null);
  const still = all ? "; dispatch of all repositories is still paused" : stillPaused(others);
  return { message: `the pause of ${what} has ended${still}`, repository: command.target };
}

const notPaused = (what: string, others: readonly PauseItem[]): string =>
  `dispatch of ${what} is not paused${stillPaused(others)}`;

function stillPaused(others: readonly PauseItem[]): string {
  const names = others.flatMap(({ repository }) => repository ?? []);
  if (names.length === 0) return "";
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return `; still paused: ${names.slice(0, 3).join(", ")}${more}`;
}

async function commandOf(
  deps: CommandDeps,
  action: "pause" | "resume",
  { repository }: v.InferOutput<typeof resumeRequest>,
  actor: string,
): Promise<PauseCommand | Refused> {
  const id = deps.newId();
  if (repository === undefined) return { id, actor, repositoryId: ALL_REPOSITORIES, target: null };
  const { id: repositoryId, current } = await loadNames(deps.db, repository);
  if (repositoryId !== null && current !== null) {
    return { id, actor, repositoryId, target: current };
  }
  const message = `no repository of this name is known: ${repository}`;
  return refuse(deps, { actor, action, target: repository }, { code: "not_found", message });
}

export const PAUSE_ROUTES: readonly Route[] = [
  get({
    path: "/pauses",
    summary: "Pauses of dispatch",
    answers: { 200: pageOf(pauseItem) },
    handle: async ({ deps }) => ({
      body: { items: await listPauses(deps.db, deps.now().toISOString()), next_cursor: null },
    }),
  }),
  post({
    path: "/pauses",
    action: "pause",
    summary: "Pause dispatch of a repository, or of all; recording and reporting go on",
    body: pauseRequest,
    mayOmitBody: true,
    answers: { 200: pauseItem },
    handle: async ({ deps, body, actor }) => answerOf(await pause(deps, body, actor)),
  }),
  post({
    path: "/pauses/resume",
    action: "resume",
    summary: "End a pause",
    body: resumeRequest,
    mayOmitBody: true,
    answers: { 200: resumeAnswer },
    handle: async ({ deps, body, actor }) => {
      const answer = await resume(deps, body, actor);
      return "error" in answer ? answer : { body: { success: true, ...answer } };
    },
  }),
];
