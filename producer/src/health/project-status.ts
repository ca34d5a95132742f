/** `GET /webhook/projects/{owner}/{repo}/status`. */
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import { loadCurrentName } from "@webhook-gateway/shared/store/repository-names.ts";
import type { Refused } from "../http/api-error.ts";

export type ProjectStatusAnswer = { readonly body: Readonly<Record<string, unknown>> } | Refused;

/** GitHub's owner and repository names. The owners of managed users have an underscore (`mona_corp`). */
const PROJECT_ID = /^[A-Za-z0-9][\w-]{0,99}\/(?!\.{1,2}$)[\w.-]{1,100}$/;

/** GitHub's number of a repository, which it keeps whatever its name. */
const REPOSITORY_ID = /^[1-9]\d{0,14}$/;

/** The status of one project. A project that never sent an event is inactive, not unknown. */
export async function projectStatus(db: D1Database, projectId: string): Promise<ProjectStatusAnswer> {
  const id = REPOSITORY_ID.test(projectId) ? Number(projectId) : undefined;
  if (id === undefined && !PROJECT_ID.test(projectId)) {
    const message = "a project id has the form owner/repo, or is the repository's number";
    return { error: { code: "invalid_project_id", message } };
  }
  const name = id === undefined ? projectId : ((await loadCurrentName(db, id)) ?? projectId);
  const { renamedTo, lastEvent, states, validations } = await loadProjectStatus(db, name);
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (states[name] ?? 0), 0);
  return {
    body: {
      project_id: name,
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
