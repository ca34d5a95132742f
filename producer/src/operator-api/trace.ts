import { loadTraceRows } from "@webhook-gateway/shared/store/trace-rows.ts";
import { buildTrace } from "@webhook-gateway/shared/trace.ts";
import { parseTraceQuestion } from "@webhook-gateway/shared/trace-question.ts";
import type { Answer } from "./route.ts";

/** Answers where something is and why. */
export async function readTrace(
  deps: { readonly db: D1Database; readonly now: () => Date },
  asked: string,
): Promise<Answer> {
  const question = parseTraceQuestion(asked);
  if (question === undefined) {
    const message =
      "ask for a delivery's GUID, a validation's id, a pull request's URL, owner/repo#12 or a SHA";
    return { error: { code: "invalid_query", message } };
  }
  const rows = await loadTraceRows(deps.db, question);
  const body = buildTrace(question.kind, rows, deps.now().toISOString());
  if (body === undefined) return { error: { code: "not_found", message: "nothing is known of it" } };
  return { body };
}
