import type { Trace } from "@webhook-gateway/shared/api/trace.ts";
import { buildTrace } from "@webhook-gateway/shared/domain/trace.ts";
import { parseTraceQuestion } from "@webhook-gateway/shared/domain/trace-question.ts";
import { loadTraceRows } from "@webhook-gateway/shared/store/read/trace-rows.ts";
import type { Answer } from "./route.ts";

interface TraceDeps {
  readonly db: D1Database;
  readonly now: () => Date;
}

/** The trace of something; undefined if nothing is known about it, or if the question has none of the known forms. */
export async function readTrace(deps: TraceDeps, asked: string): Promise<Trace | undefined> {
  const question = parseTraceQuestion(asked);
  if (question === undefined) return undefined;
  const now = deps.now().toISOString();
  return buildTrace(question.kind, await loadTraceRows(deps.db, question, now), now);
}

/** The same for the API. An error says what can be asked for. */
export async function answerTrace(deps: TraceDeps, asked: string): Promise<Answer> {
  if (parseTraceQuestion(asked) === undefined) {
    const message =
      "ask for a delivery's GUID, a validation's id, a pull request's URL, owner/repo#12 or a SHA";
    return { error: { code: "invalid_query", message } };
  }
  const body = await readTrace(deps, asked);
  if (body === undefined) return { error: { code: "not_found", message: "nothing is known about it" } };
  return { body };
}
