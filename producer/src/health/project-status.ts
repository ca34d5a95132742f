/** `GET /webhook/projects/{owner}/{repo}/status`. */
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import type { ApiError } from "../http/api-error.ts";

export type ProjectStatusAnswer =
  | { readonly body: Readonly<Record<string, unknown>> }
  | { readonly error: ApiError };

/** GitHub's owner and repository names. The owners of managed users have an underscore (`mona_corp`). */
const PROJECT_ID = /^[A-Za-z0-9][\w-]{0,99}\/(?!\.{1,2}$)[\w.-]{1,100}$/;

/** The status of one project. A project that never sent an event is inactive, not unknown. */
export async function projectStatus(db: D1Database, projectId: string): Promise<ProjectStatusAnswer> {
  if (!PROJECT_ID.test(projectId)) {
    return { error: { code: "invalid_project_id", message: "a project id has the form owner/repo" } };
  }
  const { renamedTo, lastEvent, states, validations } = await loadProjectStatus(db, projectId);
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (states[name] ?? 0), 0);
  return {
    body: {
      project_id: projectId,
      ...(renamedTo === null ? {} : { renamed_to: renamedTo }),
      webhook_configured: lastEvent !== null,
      last_event: lastEvent,
      status: lastEvent === null ? "inactive" : "active",
      counts: {
        queued: count("queued", "dispatching"),
        running: count("pending", "running"),
        completed: count("completed"),
        failed: count("failed", "dead", "timed_out"),
      },
      validations,
    },
  };
}
