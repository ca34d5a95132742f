import type { Trace } from "@webhook-gateway/shared/api/trace.ts";
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import { archivedTraceRows, parseArchived } from "@webhook-gateway/shared/archive/archived-validation.ts";
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { parseTraceQuestion } from "@webhook-gateway/shared/domain/trace/question.ts";
import { buildTrace } from "@webhook-gateway/shared/domain/trace/trace.ts";
import { loadTraceRows } from "@webhook-gateway/shared/store/read/trace-rows.ts";
import type { Answer } from "./route.ts";

interface TraceDeps {
  readonly db: D1Database;
  readonly archive: Archive | undefined;
  readonly now: () => Date;
}

/** The trace of something; undefined if nothing is known about it, or if the question has none of the known forms. */
export async function readTrace(deps: TraceDeps, asked: string): Promise<Trace | undefined> {
  const question = parseTraceQuestion(asked);
  if (question === undefined) return undefined;
  const now = deps.now().toISOString();
  const rows = await loadTraceRows(deps.db, question, now);
  const id = question.kind === "validation" ? question.id : rows.deliveries[0]?.validation_id;
  const gone = rows.validations.length === 0 ? id : undefined;
  const archived = gone && parseArchived(await deps.archive?.get(validationKey(gone)));
  return buildTrace(question.kind, archived ? archivedTraceRows(archived) : rows, now);
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
