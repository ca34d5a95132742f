/** What the gateway knows about one repository. */
import * as v from "valibot";

/** The answer of `GET /webhook/projects/{owner}/{repo}/status`. */
export const projectStatus = v.object({
  project_id: v.string(),
  /** Its current name, if it was renamed. */
  renamed_to: v.optional(v.string()),
  webhook_configured: v.boolean(),
  last_event: v.nullable(
    v.object({
      id: v.string(),
      event: v.string(),
      action: v.nullable(v.string()),
      received_at: v.string(),
    }),
  ),
  status: v.picklist(["active", "inactive"]),
  counts: v.object({ queued: v.number(), running: v.number(), completed: v.number(), failed: v.number() }),
  /** The latest 10, newest first. */
  validations: v.array(
    v.object({
      id: v.string(),
      pr_number: v.number(),
      head_sha: v.string(),
      state: v.string(),
      conclusion: v.nullable(v.string()),
      created_at: v.string(),
      finished_at: v.nullable(v.string()),
    }),
  ),
});
export type ProjectStatus = v.InferOutput<typeof projectStatus>;
